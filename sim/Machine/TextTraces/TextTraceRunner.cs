using Seamsim.Configuration;
using Seamsim.Scheduling;

namespace Seamsim.TextTraces;

/// <summary>
/// Plays a text trace on a machine, section by section, and reports what became of every expectation.
/// </summary>
/// <param name="machine">A fresh machine with the trace's platform.</param>
/// <param name="trace">The trace.</param>
/// <param name="maxInstructions">Instructions every section may execute.</param>
public sealed class TextTraceRunner(Machine machine, TextTrace trace,
    ulong maxInstructions = TextTraceRunner.DefaultLimit)
{
    /// <summary>Instructions a section may execute unless told otherwise.</summary>
    public const ulong DefaultLimit = 1_000_000;

    /// <summary>Plays everything.</summary>
    /// <exception cref="ConfigurationException">Memory the trace asks for does not exist.</exception>
    public TextTraceResult Run()
    {
        List<SectionResult> results = [];
        string problem = "";
        HostPages.Claim(machine, trace);
        try
        {
            machine.Advance(trace.From);
            foreach (TextSection section in trace.Sections)
            {
                results.Add(Play(section));
                if (results[^1].End is not (SectionEnd.Completed or SectionEnd.Halted))
                    break;
            }
        }
        catch (MachineStoppedException stopped)
        {
            problem = $"the run stopped: {stopped.Message}";
        }
        catch (TdxUnavailableException failed)
        {
            problem = failed.Message;
        }
        if (problem.Length == 0 && results.Count < trace.Sections.Count)
            problem = $"the sections from line {trace.Sections[results.Count].Line} on were not played";
        return new TextTraceResult(results, machine.UnmodelledInstructions, problem);
    }

    private SectionResult Play(TextSection section) => section.World == SectionWorld.Host
        ? new HostSection(machine, section, maxInstructions).Play()
        : new TdSection(machine, section, maxInstructions).Play();

    /// <summary>The end of the schedule, as a section's end.</summary>
    internal static SectionEnd EndOf(MachineStoppedException stopped, bool halted) =>
        stopped.End == ScheduleEnd.Idle && halted ? SectionEnd.Halted : SectionEnd.Stopped;
}

using Seamsim.Configuration;
using Seamsim.Runs;

namespace Seamsim.Sweeps;

/// <summary>One run of a sweep: a machine of its own, in a run directory that explains and repeats it.</summary>
internal sealed class SweepRun(
    SweepPlan plan, RunPoint point, string path, IReadOnlyCollection<string> statistics)
{
    /// <summary>Plays it.</summary>
    /// <param name="enter">Told the machine before it starts.</param>
    /// <param name="leave">Told when it has ended.</param>
    /// <exception cref="ConfigurationException">The directory cannot be written.</exception>
    public SweepRow Play(Action<Machine> enter, Action<Machine> leave)
    {
        Scenario scenario = plan.ScenarioOf(point, path);
        SweepDirectory.Guard(path, () =>
        {
            Directory.CreateDirectory(path);
            File.WriteAllText(Path.Combine(path, "config.toml"), scenario.ResolvedText);
        });
        Machine? machine = null;
        try
        {
            machine = new Machine(scenario.Platform);
            enter(machine);
            return Play(machine, scenario);
        }
        catch (Exception bug) when (bug is not ConfigurationException)
        {
            return SweepRow.Without(point, RunStatus.InternalError) with { Reason = BugLine.Of(bug) };
        }
        finally
        {
            if (machine is not null)
            {
                leave(machine);
                machine.Dispose();
            }
        }
    }

    private SweepRow Play(Machine machine, Scenario scenario)
    {
        ScenarioRun run = new(machine, scenario, new SilentTeller());
        run.Play();
        if (!run.Report.Complete && machine.Parts.Scheduler.Cancelled)
            return SweepRow.Without(point, RunStatus.Cancelled);
        SweepDirectory.Guard(path, () => RunDirectory.Write(path, scenario, machine, run.Report));
        return new SweepRow(
            point,
            run.Report.Passed ? RunStatus.Pass : RunStatus.Fail,
            OneLine(run.Report.Outcome),
            OneLine(string.Join("; ", run.Report.Problems)),
            Stats.Of(machine, run.Report).Where(stat => statistics.Contains(stat.Name))
                .ToDictionary(stat => stat.Name, stat => stat.Value));
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}

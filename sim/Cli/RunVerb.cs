using Seamsim.Configuration;
using System.CommandLine;
using Seamsim.Cli.Trace;
using Seamsim.Runs;
using Seamsim.Tracing;

namespace Seamsim.Cli;

/// <summary>What a run is asked to do.</summary>
/// <param name="Path">Scenario file; null for the default scenario.</param>
/// <param name="Directory">Run directory; null writes none.</param>
internal sealed record RunRequest(string? Path = null, string? Directory = null)
{
    /// <summary><c>key=value</c> overrides.</summary>
    public IReadOnlyList<string> Overrides { get; init; } = [];

    /// <summary>Trace file; null records none.</summary>
    public string? Trace { get; init; }

    /// <summary>What the trace holds.</summary>
    public Func<Scenario, TraceOptions> TraceOptions { get; init; } = _ => new TraceOptions();
}

/// <summary><c>seamsim run SCENARIO.toml</c>: play a story.</summary>
internal static class RunVerb
{
    /// <summary>What it is for.</summary>
    public const string Description = "Play a scenario: bring TDX up, create TDs, run guests, tear down.";

    /// <summary>The verb.</summary>
    public static Command Create(GlobalOptions global)
    {
        RunOptions options = new();
        RecordOptions record = new();
        Option<string?> trace = new("--trace")
            { Description = "Record an instruction trace into this file (options as in trace record)." };
        Option<bool> defaults = new("--print-defaults")
            { Description = "Print the fully commented default scenario and stop." };
        Command command = new("run", Description);
        options.AddTo(command);
        command.Add(defaults);
        command.Add(trace);
        record.AddTo(command);
        command.SetAction(result =>
        {
            Terminal terminal = new(result, global);
            if (result.GetValue(defaults))
            {
                terminal.Text(Scenario.Defaults);
                return ExitCode.Pass;
            }
            return Run(terminal, options.Read(result) with
            {
                Trace = result.GetValue(trace),
                TraceOptions = scenario => record.Read(result, scenario),
            });
        });
        return command;
    }

    /// <summary>Plays the story and ends with its verdict.</summary>
    public static int Run(Terminal terminal, RunRequest request)
    {
        Scenario scenario = request.Path is null
            ? Scenario.Default(request.Overrides)
            : Scenario.Parse(InputFile.Read(request.Path), request.Path, request.Overrides);
        if (request.Directory is not null)
        {
            RunDirectory.Create(request.Directory);
            scenario = scenario.NamedFrom(request.Directory);
        }
        using TraceOfRun? trace = TraceOfRun.Create(request, scenario);
        using Machine machine = new(scenario.Platform);
        trace?.Begin(machine);
        using InterruptKey cancel = new(machine.Cancel);
        StoryPrinter printer = new(terminal);
        ScenarioRun run = new(machine, scenario, printer);
        try
        {
            run.Play();
        }
        catch (Exception bug) when (bug is not Configuration.ConfigurationException)
        {
            throw new InternalErrorException(bug, scenario.Platform.Seed, Describe(request));
        }
        finally
        {
            trace?.Finish(terminal);
            if (request.Directory is not null)
                RunDirectory.Write(request.Directory, scenario, machine, run.Report);
        }
        printer.Finish(machine, scenario, run.Report);
        return run.Report.Passed && trace is not { HasFailed: true } ? ExitCode.Pass : ExitCode.Fail;
    }

    private static string Describe(RunRequest request) =>
        string.Join(' ', [request.Path ?? "default", .. request.Overrides.Select(value => $"-c {value}")]);
}

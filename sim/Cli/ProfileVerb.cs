using System.CommandLine;
using Seamsim.Configuration;
using Seamsim.Profiling;
using Seamsim.Runs;
using Seamsim.Timing;

namespace Seamsim.Cli;

/// <summary><c>seamsim profile SCENARIO</c>: where the cycles of SEAMCALLs go.</summary>
internal static class ProfileVerb
{
    private const int MostStays = 1_000_000;

    /// <summary>What it is for.</summary>
    public const string Description =
        "Play a scenario under the interval model: cycles of every SEAMCALL leaf by phase and cause, of every world by "
        + "cause.";

    /// <summary>The verb.</summary>
    public static Command Create(GlobalOptions global)
    {
        RunOptions options = new("config.toml, stats.txt, stats.json; leaves.csv, worlds.csv (CPI stacks), "
            + "topdown.csv, plots of them; stacks.folded, profile.speedscope.json, timeline.json (Perfetto), "
            + "profile.json");
        Option<string[]> compare = new("--compare")
        {
            Description = "Compare two directories that profile -d or boot -d wrote, and play nothing: what a change cost, "
                + "by leaf, world and cause.",
            Arity = new ArgumentArity(2, 2),
            AllowMultipleArgumentsPerToken = true,
        };
        Option<bool> parameters = new("--print-parameters")
            { Description = "Print the shipped core parameter file, to edit and name in timing_parameters, and stop." };
        Command command = new("profile", Description);
        options.AddTo(command);
        command.Add(compare);
        command.Add(parameters);
        command.SetAction(result =>
        {
            Terminal terminal = new(result, global);
            if (result.GetValue(parameters))
            {
                terminal.Text(CoreParameters.ShippedText);
                return ExitCode.Pass;
            }
            RunRequest request = options.Read(result);
            return result.GetValue(compare) is { Length: 2 } pair
                ? Compare(terminal, pair[0], pair[1], request)
                : Run(terminal, request);
        });
        return command;
    }

    private static int Run(Terminal terminal, RunRequest request)
    {
        IReadOnlyList<string> overrides = [$"timing={Interval.ShortName}", .. request.Overrides];
        Scenario scenario = request.Path is null
            ? Scenario.Default(overrides)
            : Scenario.Parse(InputFile.Read(request.Path), request.Path, overrides);
        if (scenario.Platform.Costs is not Interval)
            throw new ConfigurationException($"timing: {scenario.Timing}: a profile expects \"{Interval.ShortName}\"");
        if (request.Directory is not null)
        {
            RunDirectory.Create(request.Directory);
            scenario = scenario.NamedFrom(request.Directory);
        }
        using Machine machine = new(scenario.Platform);
        using InterruptKey cancel = new(machine.Cancel);
        Timeline timeline = new(MostStays);
        machine.Account.Ledger!.Timeline = timeline;
        ScenarioRun run = new(machine, scenario, new SilentTeller());
        run.Play();
        foreach (Isa.State.Core core in machine.Cores)
            timeline.Finish(core);
        Profile profile = Profile.Of(machine)!;
        if (request.Directory is not null)
        {
            RunDirectory.Write(request.Directory, scenario, machine, run.Report);
            ProfileDirectory.Write(request.Directory, profile, timeline, machine.Platform.LpCount);
        }
        ProfilePrinter.Print(terminal, profile);
        if (!terminal.Json)
            terminal.Verdict(run.Report.Passed, run.Report.Verdict);
        return run.Report.Passed ? ExitCode.Pass : ExitCode.Fail;
    }

    private static int Compare(Terminal terminal, string a, string b, RunRequest request)
    {
        if (request is not { Path: null, Directory: null, Overrides: [] })
            throw new ConfigurationException("seamsim profile --compare: expected two directories and nothing that is run");
        Profile first = ProfileJson.Read(a), second = ProfileJson.Read(b);
        ProfilePrinter.Print(terminal, first, second, ProfileComparison.Of(first, second));
        return ExitCode.Pass;
    }
}

using System.CommandLine;
using Seamsim.Runs;

namespace Seamsim.Cli;

/// <summary>What a run is asked to do.</summary>
/// <param name="Path">Scenario file; null for the default scenario.</param>
/// <param name="Directory">Run directory; null writes none.</param>
internal sealed record RunRequest(string? Path = null, string? Directory = null)
{
    /// <summary><c>key=value</c> overrides.</summary>
    public IReadOnlyList<string> Overrides { get; init; } = [];
}

/// <summary><c>seamsim run SCENARIO.toml</c>: play a story.</summary>
internal static class RunVerb
{
    /// <summary>The verb.</summary>
    public static Command Create(GlobalOptions global)
    {
        Argument<string?> path = new("scenario")
        {
            Description = "Scenario file (TOML); none plays the default scenario.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        path.Validators.Add(found =>
        {
            if (found.Tokens.Count > 0 && found.Tokens[0].Value.StartsWith('-'))
                found.AddError($"{found.Tokens[0].Value}: no such option");
        });
        Option<string[]> overrides = new("-c", "--config")
            { Description = "key=value, e.g. platform.packages=2; repeatable." };
        Option<string?> directory = new("-d", "--directory")
            { Description = "Run directory: config.toml, stats.txt, stats.json." };
        Option<string?> seed = new("--seed") { Description = "Seed of the run." };
        Option<string?> instructions = new("--max-instructions")
            { Description = "Instructions the whole run may execute." };
        Option<bool> defaults = new("--print-defaults")
            { Description = "Print the fully commented default scenario and stop." };
        Command command = new("run", "Play a scenario: bring TDX up, create TDs, run guests, tear down.")
        {
            path, overrides, directory, seed, instructions, defaults,
        };
        command.SetAction(result =>
        {
            Terminal terminal = new(result, global);
            if (result.GetValue(defaults))
            {
                terminal.Text(Scenario.Defaults);
                return ExitCode.Pass;
            }
            List<string> all = [.. result.GetValue(overrides) ?? []];
            if (result.GetValue(seed) is { } number)
                all.Add($"seed={number}");
            if (result.GetValue(instructions) is { } limit)
                all.Add($"max_instructions={limit}");
            return Run(terminal, new RunRequest(result.GetValue(path), result.GetValue(directory)) { Overrides = all });
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
            RunDirectory.Create(request.Directory);
        using Machine machine = new(scenario.Platform);
        using InterruptKey cancel = new(machine.Cancel);
        StoryPrinter printer = new(terminal);
        ScenarioRun run = new(machine, scenario, printer);
        try
        {
            run.Play();
        }
        catch (Exception bug) when (bug is not Configuration.ConfigurationException)
        {
            throw new InternalErrorException(bug, scenario.Platform, Describe(request));
        }
        finally
        {
            if (request.Directory is not null)
                RunDirectory.Write(request.Directory, scenario, machine, run.Report);
        }
        printer.Finish(machine, scenario, run.Report);
        return run.Report.Passed ? ExitCode.Pass : ExitCode.Fail;
    }

    private static string Describe(RunRequest request) =>
        string.Join(' ', [request.Path ?? "default", .. request.Overrides.Select(value => $"-c {value}")]);
}

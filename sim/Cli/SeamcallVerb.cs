using Seamsim.Configuration;
using System.CommandLine;
using Seamsim.Scripts;

namespace Seamsim.Cli;

/// <summary><c>seamsim seamcall SCRIPT.jsonl</c>: raw SEAMCALLs, one JSON line each.</summary>
internal static class SeamcallVerb
{
    /// <summary>What it is for.</summary>
    public const string Description = "Issue raw SEAMCALLs from a chosen platform state.";

    /// <summary>The verb.</summary>
    public static Command Create(GlobalOptions global)
    {
        Argument<string> script = new("script")
            { Description = "JSON lines; \"-\" reads stdin. See sim/Scenarios/*.jsonl." };
        Option<string> from = new("--from")
        {
            Description =
                "Platform state to start from: reset (no VMXON), loader (VMXON, P-SEAMLDR), installed (TDX module "
                + "loaded), ready (TDX initialised).",
            DefaultValueFactory = _ => "ready",
        };
        from.AcceptOnlyFromAmong("reset", "loader", "installed", "ready");
        Option<string[]> overrides = new("-c", "--config") { Description = "key=value, e.g. platform.packages=2." };
        Command command = new("seamcall", Description)
            { script, from, overrides };
        command.SetAction(result => Play(
            new Terminal(result, global),
            result.GetRequiredValue(script),
            Enum.Parse<StartState>(result.GetValue(from)!, ignoreCase: true),
            result.GetValue(overrides) ?? []));
        return command;
    }

    private static int Play(Terminal terminal, string path, StartState from, string[] overrides)
    {
        Scenario scenario = Scenario.Default(overrides);
        string source = path == "-" ? "stdin" : path;
        string text = path == "-" ? Console.In.ReadToEnd() : InputFile.Read(path);
        List<ScriptCommand> commands = new ScriptParser(source, scenario.Platform.LpCount).Parse(text);
        using Machine machine = new(scenario.Platform);
        using InterruptKey cancel = new(machine.Cancel);
        ScriptRunner runner = new(machine, terminal.Line);
        try
        {
            machine.Advance(from);
            foreach (ScriptCommand command in commands)
                runner.Play(command, source);
        }
        catch (MachineStoppedException stopped)
        {
            terminal.Error($"{source}: the run stopped: {stopped.Message}");
            return ExitCode.Fail;
        }
        catch (TdxUnavailableException failed)
        {
            terminal.Error($"{source}: {failed.Message}");
            return ExitCode.Fail;
        }
        catch (Exception bug) when (bug is not Configuration.ConfigurationException)
        {
            throw new InternalErrorException(bug, scenario.Platform.Seed, string.Join(' ', overrides));
        }
        if (runner.Failures == 0)
            return ExitCode.Pass;
        terminal.Error($"{source}: {runner.Failures} expectation(s) failed");
        return ExitCode.Fail;
    }
}

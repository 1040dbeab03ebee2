using System.CommandLine;
using System.CommandLine.Help;
using Seamsim.Configuration;

namespace Seamsim.Cli;

/// <summary>The command line as a whole.</summary>
internal static class Root
{
    /// <summary>What the program is.</summary>
    public const string Description =
        "A cycle-aware x86-64 simulator with SEAM (Intel TDX). Without arguments: the default scenario.";

    /// <summary>Parses and runs; never throws, and never shows a trace.</summary>
    public static int Invoke(IReadOnlyList<string> arguments, TextWriter output, TextWriter error)
    {
        try
        {
            GlobalOptions global = new();
            ParseResult result = Create(global, Verbs.NeededBy(arguments)).Parse(arguments);
            if (result.Errors.Count > 0)
            {
                foreach (System.CommandLine.Parsing.ParseError wrong in result.Errors)
                    error.WriteLine($"seamsim: {wrong.Message}");
                error.WriteLine("seamsim: see seamsim --help");
                return ExitCode.Usage;
            }
            return result.Invoke(new InvocationConfiguration
            {
                Output = output,
                Error = error,
                EnableDefaultExceptionHandler = false,
            });
        }
        catch (ConfigurationException wrong)
        {
            error.WriteLine(wrong.Message);
            return ExitCode.Usage;
        }
        catch (IOException wrong)
        {
            error.WriteLine($"seamsim: {wrong.Message}");
            return ExitCode.Usage;
        }
        catch (UnauthorizedAccessException wrong)
        {
            error.WriteLine($"seamsim: {wrong.Message}");
            return ExitCode.Usage;
        }
        catch (InternalErrorException bug)
        {
            error.WriteLine(
                $"seamsim: internal error: {bug.Message}; to reproduce: seamsim {string.Join(' ', arguments)}");
            return ExitCode.Internal;
        }
#pragma warning disable CA1031 // whatever comes out here is a bug of the simulator, and a user never sees a trace
        catch (Exception bug)
        {
            error.WriteLine(
                $"seamsim: internal error: {InternalErrorException.Describe(bug)}; "
                + $"to reproduce: seamsim {string.Join(' ', arguments)}");
            return ExitCode.Internal;
        }
#pragma warning restore CA1031
    }

    /// <summary>The command line with some of its verbs.</summary>
    internal static RootCommand Create(GlobalOptions global, IEnumerable<Verb> verbs)
    {
        RootCommand root = new(Description);
        foreach (Verb verb in verbs)
            root.Add(verb.Create(global));
        root.Add(global.Json);
        root.Add(global.Quiet);
        foreach (Option option in root.Options)
            if (option is VersionOption version)
                version.Action = new VersionAction();
            else if (option is HelpOption help && root.Subcommands.Count == 0)
                help.Action = new RootHelp();
        root.SetAction(result => RunVerb.Run(new Terminal(result, global), new RunRequest()));
        return root;
    }
}

using System.CommandLine;
using Seamsim.Sweeps;

namespace Seamsim.Cli;

/// <summary><c>seamsim sweep merge DIR… -d OUT</c>: one table and plots out of the shares of a grid.</summary>
internal static class SweepMergeVerb
{
    /// <summary>The verb.</summary>
    public static Command Create(GlobalOptions global)
    {
        Argument<string[]> parts = new("directories")
            { Description = "Directories of the shares.", Arity = ArgumentArity.OneOrMore };
        Option<string> directory = new("-d", "--directory")
            { Description = "Where table and plots go; may be one of the shares'.", Required = true };
        Command command = new("merge", "Join the shares of a sweep: one table, plots.") { parts, directory };
        command.SetAction(result => Merge(
            new Terminal(result, global), result.GetRequiredValue(parts), result.GetRequiredValue(directory)));
        return command;
    }

    private static int Merge(Terminal terminal, string[] parts, string path)
    {
        (Experiment experiment, ResultsTable table) = SweepMerge.Join(parts);
        SweepDirectory directory = SweepDirectory.OfResults(path);
        SweepPrinter printer = new(terminal);
        IReadOnlyList<string> files = printer.Write(experiment, table, directory);
        foreach (SweepRow row in table.Rows)
            if (!row.IsFinished)
                terminal.Error($"seamsim: no directory holds a finished run {row.Point.Name}");
        return printer.Finish(experiment, table, directory, files);
    }
}

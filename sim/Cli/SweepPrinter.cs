using Seamsim.Sweeps;

namespace Seamsim.Cli;

/// <summary>Writes a sweep's results and shows them: table and verdict on stdout, complaints on stderr.</summary>
internal sealed class SweepPrinter(Terminal terminal)
{
    private const int MaxCell = 48;

    /// <summary>A line for every bug of the simulator, with the command that shows it again.</summary>
    public void InternalErrors(ResultsTable table, SweepDirectory directory)
    {
        foreach (SweepRow row in table.Rows)
            if (row.Status == RunStatus.InternalError)
                terminal.Error(
                    $"seamsim: internal error in run {row.Point.Index}: {row.Reason}; to reproduce: seamsim run "
                    + Path.Combine(directory.RunPath(row.Point), "config.toml"));
    }

    /// <summary>Writes table and plots.</summary>
    public IReadOnlyList<string> Write(Experiment experiment, ResultsTable table, SweepDirectory directory)
    {
        (IReadOnlyList<string> files, IReadOnlyList<string> remarks) =
            SweepResults.Write(experiment, table, directory);
        foreach (string remark in remarks)
            terminal.Error($"{experiment.Path}: {remark}");
        return files;
    }

    /// <summary>Shows table and verdict; the exit code.</summary>
    public int Finish(Experiment experiment, ResultsTable table, SweepDirectory directory, IReadOnlyList<string> files)
    {
        int code = CodeOf(table);
        if (terminal.Json)
        {
            terminal.Line(table.ToJson(experiment.Name));
            return code;
        }
        if (!terminal.Quiet)
        {
            terminal.Heading(experiment.Title);
            ResultColumn[] columns = [.. table.Columns.Where(column => column.Name != SweepColumns.Reason)];
            terminal.WideTable(
                [.. columns.Select(column => column.Name)],
                table.Rows.Select(row => (IReadOnlyList<string>)[.. columns.Select(column => Cell(column, row))]));
            foreach (string file in files)
                terminal.Say($"  {Path.Combine(directory.Path, file)}");
        }
        terminal.Verdict(code == ExitCode.Pass, Summary(table));
        return code;
    }

    private static int CodeOf(ResultsTable table) =>
        table.Rows.Any(row => row.Status == RunStatus.InternalError) ? ExitCode.Internal
            : table.Rows.All(row => row.Status == RunStatus.Pass) ? ExitCode.Pass : ExitCode.Fail;

    private static string Summary(ResultsTable table)
    {
        List<string> parts = [$"{table.Rows.Count} run(s)"];
        foreach (IGrouping<string, SweepRow> status in table.Rows.OrderBy(row => row.Status).GroupBy(row => row.StatusText))
            parts.Add($"{status.Count()} {status.Key}");
        return string.Join(", ", parts);
    }

    private static string Cell(ResultColumn column, SweepRow row)
    {
        string text = ResultsTable.TextOf(column.Of(row));
        return text.Length <= MaxCell ? text : text[..(MaxCell - 1)] + "\u2026";
    }
}

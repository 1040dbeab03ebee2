using Seamsim.Plots;

namespace Seamsim.Sweeps;

/// <summary>Writes what a sweep is for: table and plots.</summary>
internal static class SweepResults
{
    /// <summary>Writes results.csv, results.parquet and, unless this is a share of the grid, the plots.</summary>
    /// <returns>The files, and what could not be shown.</returns>
    /// <exception cref="Configuration.ConfigurationException">The directory cannot be written.</exception>
    public static (IReadOnlyList<string> Files, IReadOnlyList<string> Remarks) Write(
        Experiment experiment, ResultsTable table, SweepDirectory directory)
    {
        List<string> files = ["results.csv", "results.parquet"], remarks = [];
        directory.WriteText(files[0], table.ToCsv());
        directory.Write(files[1], ParquetTable.Of(table));
        if (table.Rows.Count < experiment.Grid.Count)
            return (files, remarks);
        foreach (string column in experiment.Columns)
            if (table.Rows.Any(row => row.IsFinished) && !table.Rows.Any(row => row.Statistics.ContainsKey(column)))
                remarks.Add($"table.columns: no run has a statistic {column}");
        foreach (PlotSpec plot in experiment.Plots)
        {
            PlotData data = new(experiment.Grid, plot, table.Rows);
            if (data.IsEmpty)
            {
                remarks.Add($"plot {plot.Name}: not drawn, no run has a value of {plot.Value}");
                continue;
            }
            (byte[] png, byte[] svg) = PlotImage.Draw(plot, data);
            files.AddRange([$"plots/{plot.Name}.png", $"plots/{plot.Name}.svg"]);
            directory.Write(files[^2], png);
            directory.Write(files[^1], svg);
        }
        return (files, remarks);
    }
}

using System.Globalization;
using Seamsim.Configuration;
using Seamsim.Timing.Blocks;

namespace Seamsim.Cli;

/// <summary>How far unrolled predictions are from measurements: mean absolute error and rank correlation.</summary>
/// <remarks>A block that cannot be predicted counts as wholly wrong and as slower than all others.</remarks>
internal static class CyclesAccuracy
{
    private const long Unpredicted = long.MaxValue;

    /// <summary>Reads measurements, predicts their blocks, and prints the accuracy by core and together.</summary>
    public static int Run(Terminal terminal, string path, string? core, BlockStart start)
    {
        List<Measured> all = Read(path, core, start);
        List<(string Name, List<Measured> Rows)> groups =
            [.. all.GroupBy(row => row.Core, StringComparer.Ordinal).Select(group => (group.Key, group.ToList()))];
        if (groups.Count > 1)
            groups.Add(("together", all));
        foreach ((string name, List<Measured> rows) in groups)
            Print(terminal, name, rows);
        return ExitCode.Pass;
    }

    private static void Print(Terminal terminal, string name, List<Measured> rows)
    {
        string error = Error(rows).ToString("0.00", CultureInfo.InvariantCulture);
        string tau = Tau(rows).ToString("0.0000", CultureInfo.InvariantCulture);
        int unpredicted = rows.Count(row => row.Predicted == Unpredicted);
        terminal.Line(terminal.Json
            ? $"{{\"core\":\"{name}\",\"blocks\":{rows.Count},\"unpredicted\":{unpredicted},"
                + $"\"mape\":{error},\"tau\":{tau}}}"
            : $"{name}: {rows.Count} blocks, {unpredicted} not predicted, MAPE {error} %, Kendall tau {tau}");
    }

    private static decimal Error(List<Measured> rows) => 100 * rows.Sum(row => row.Predicted == Unpredicted
        ? 1 : Math.Abs(row.Predicted / 100m - row.Cycles) / row.Cycles) / rows.Count;

    /// <summary>Kendall's tau-b.</summary>
    private static double Tau(List<Measured> rows)
    {
        long agree = 0, disagree = 0, tiedPrediction = 0, tiedMeasurement = 0;
        for (int i = 0; i < rows.Count; i++)
            for (int j = 0; j < i; j++)
            {
                int predicted = rows[i].Predicted.CompareTo(rows[j].Predicted);
                int measured = rows[i].Cycles.CompareTo(rows[j].Cycles);
                if (predicted * measured > 0)
                    agree++;
                else if (predicted * measured < 0)
                    disagree++;
                else if (predicted == 0 && measured != 0)
                    tiedPrediction++;
                else if (predicted != 0)
                    tiedMeasurement++;
            }
        double pairs = Math.Sqrt((double)(agree + disagree + tiedPrediction) * (agree + disagree + tiedMeasurement));
        return pairs == 0 ? 0 : (agree - disagree) / pairs;
    }

    private static List<Measured> Read(string path, string? core, BlockStart start)
    {
        string[] lines = InputFile.Read(path).Split('\n');
        string[] header = lines[0].Trim().Split(',');
        int hex = Column(path, header, "hex"), cycles = Column(path, header, "measured_cycles");
        int arch = Array.IndexOf(header, "arch");
        if (arch < 0 && core is null)
            throw new ConfigurationException($"{path}:1: expected --core, or a column arch");
        Dictionary<string, PipelineParameters> cores = new(StringComparer.Ordinal);
        List<Measured> rows = [];
        for (int i = 1; i < lines.Length; i++)
        {
            string[] cells = lines[i].Trim().Split(',');
            if (cells.Length == 1 && cells[0].Length == 0)
                continue;
            if (cells.Length != header.Length)
                throw new ConfigurationException($"{path}:{i + 1}: expected {header.Length} cells, not {cells.Length}");
            string name = core ?? cells[arch].ToLowerInvariant();
            if (!cores.TryGetValue(name, out PipelineParameters? parameters))
                cores.Add(name, parameters = CyclesCore.Find(name));
            if (!decimal.TryParse(cells[cycles], NumberStyles.Float, CultureInfo.InvariantCulture, out decimal measured)
                || measured <= 0)
                throw new ConfigurationException($"{path}:{i + 1}: expected measured cycles, not \"{cells[cycles]}\"");
            rows.Add(new(name, measured, Predict(cells[hex], parameters, start)));
        }
        return rows.Count > 0 ? rows : throw new ConfigurationException($"{path}: expected rows below the header");
    }

    private static long Predict(string hex, PipelineParameters core, BlockStart start) =>
        CyclesCore.TryHex(hex, out byte[] code, out _)
            && BlockPredictor.TryPredict(code, 0, core, start, out BlockCost cost)
            ? cost.Unrolled.Hundredths : Unpredicted;

    private static int Column(string path, string[] header, string name)
    {
        int column = Array.IndexOf(header, name);
        return column >= 0 ? column : throw new ConfigurationException($"{path}:1: expected a column {name}");
    }

    /// <summary>A measured block: its cycles, and the prediction in hundredths of a cycle.</summary>
    private sealed record Measured(string Core, decimal Cycles, long Predicted);
}

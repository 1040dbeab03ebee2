using System.Reflection;

namespace Seamsim.Timing.Blocks;

/// <summary>Reads the embedded tables: a header, then rows of comma-separated cells without quoting.</summary>
internal static class TimingTable
{
    /// <exception cref="InvalidDataException">There is no such table.</exception>
    public static string Text(string name) =>
        TextOrNull(name) ?? throw new InvalidDataException($"no embedded table {name}");

    public static string? TextOrNull(string name)
    {
        using Stream? stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name);
        if (stream is null)
            return null;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }

    /// <exception cref="InvalidDataException">A row has the wrong number of cells.</exception>
    public static IEnumerable<string[]> Rows(string name, string text, int columns) =>
        NumberedRows(name, text, columns).Select(row => row.Cells);

    /// <summary>The same with the line of each.</summary>
    /// <exception cref="InvalidDataException">A row has the wrong number of cells.</exception>
    public static IEnumerable<(string[] Cells, int Line)> NumberedRows(string name, string text, int columns)
    {
        string[] lines = text.Split('\n');
        for (int i = 1; i < lines.Length; i++)
        {
            string line = lines[i].TrimEnd('\r');
            if (line.Length == 0)
                continue;
            string[] cells = line.Split(',');
            if (cells.Length != columns)
                throw new InvalidDataException($"{name}:{i + 1}: {columns} cells expected, {cells.Length} found");
            yield return (cells, i + 1);
        }
    }
}

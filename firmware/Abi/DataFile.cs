using System.Globalization;
using System.Reflection;

namespace Seamsim.Firmware.Abi;

/// <summary>
/// The embedded tables: comma-separated, one header line, <c>#</c> comments, no quoting (a table that needs a comma in
/// a text uses a semicolon). Every table has a <c>source</c> column.
/// </summary>
public static class DataFile
{
    /// <summary>Rows of an embedded table, e.g. <c>1.5.01/op-state.csv</c>.</summary>
    /// <exception cref="InvalidDataException">No such table, or a row has the wrong number of cells.</exception>
    public static List<DataRow> Read(string name) => Read(Assembly.GetExecutingAssembly(), name);

    /// <summary>Rows of a table embedded in another assembly.</summary>
    /// <exception cref="InvalidDataException">No such table, or a row has the wrong number of cells.</exception>
    public static List<DataRow> Read(Assembly assembly, string name)
    {
        using Stream stream = assembly.GetManifestResourceStream(name)
            ?? throw new InvalidDataException($"no embedded table {name}");
        using StreamReader reader = new(stream);
        List<DataRow> rows = [];
        string[]? header = null;
        for (int line = 1; reader.ReadLine() is { } text; line++)
        {
            if (text.Length == 0 || text[0] == '#')
                continue;
            string[] cells = text.Split(',');
            if (header is null)
                header = cells;
            else if (cells.Length != header.Length)
                throw new InvalidDataException($"{name}:{line}: {header.Length} cells expected, {cells.Length} found");
            else
                rows.Add(new DataRow(header, cells));
        }
        return rows;
    }

    /// <summary>Whether a table is embedded.</summary>
    public static bool Exists(string name) =>
        Assembly.GetExecutingAssembly().GetManifestResourceInfo(name) is not null;
}

/// <summary>One row of a table; cells are reached by column name.</summary>
public readonly struct DataRow
{
    private readonly string[] header, cells;

    internal DataRow(string[] header, string[] cells) => (this.header, this.cells) = (header, cells);

    /// <summary>The text of a cell.</summary>
    public string this[string column] => cells[Array.IndexOf(header, column) is var i and >= 0
        ? i
        : throw new InvalidDataException($"no column {column}")];

    /// <summary>The number in a cell (decimal or 0x…); an empty cell is 0.</summary>
    public ulong Number(string column) => Parse(this[column]);

    /// <summary>Whether a cell holds anything.</summary>
    public bool Has(string column) => this[column].Length != 0;

    private static ulong Parse(string text) =>
        text.Length == 0 ? 0
        : text.StartsWith("0x", StringComparison.Ordinal)
            ? ulong.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
            : ulong.Parse(text, CultureInfo.InvariantCulture);
}

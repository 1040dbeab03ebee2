using System.Globalization;
using System.Reflection;

namespace Seamsim.Isa.Models;

/// <summary>
/// Reads the embedded tables of CPU models: a header line, then rows of comma-separated cells without quoting.
/// </summary>
internal static class ModelTable
{
    /// <exception cref="InvalidDataException">No such table, or a row with the wrong number of cells.</exception>
    public static List<string[]> Read(string name, int columns)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidDataException($"no embedded table {name}");
        using StreamReader reader = new(stream);
        List<string[]> rows = [];
        reader.ReadLine();
        for (int line = 2; reader.ReadLine() is { } text; line++)
        {
            string[] cells = text.Split(',');
            if (cells.Length != columns)
                throw new InvalidDataException($"{name}:{line}: {columns} cells expected, {cells.Length} found");
            rows.Add(cells);
        }
        return rows;
    }

    public static bool Exists(string name) =>
        Assembly.GetExecutingAssembly().GetManifestResourceInfo(name) is not null;

    /// <summary>A decimal or 0x number.</summary>
    public static ulong Number(string text) => TryNumber(text, out ulong value)
        ? value
        : throw new InvalidDataException($"not a number: {text}");

    public static bool TryNumber(string text, out ulong value) => text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
        ? ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value)
        : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}

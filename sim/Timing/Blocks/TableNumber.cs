using System.Globalization;

namespace Seamsim.Timing.Blocks;

/// <summary>Whole numbers in tables.</summary>
internal static class TableNumber
{
    public static bool TryParse(string text, out int value) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);

    public static int Parse(string text) =>
        TryParse(text, out int value) ? value : throw new InvalidDataException($"expected a whole number, not \"{text}\"");

    public static int ParseOr(string text, int otherwise) => text.Length == 0 ? otherwise : Parse(text);
}

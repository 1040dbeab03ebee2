using System.Globalization;

namespace Seamsim.TextTraces.Assembling;

/// <summary>Numbers as people write them: <c>12</c>, <c>0x1F</c>, <c>1Fh</c>, <c>0b101</c>; 64 bits.</summary>
internal static class NumberText
{
    /// <summary>Whether a word begins as numbers do.</summary>
    public static bool LooksLikeOne(string word) => word.Length > 0 && char.IsAsciiDigit(word[0]);

    /// <summary>Reads a number without sign.</summary>
    public static bool TryRead(string word, out ulong value)
    {
        value = 0;
        if (word.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            return TryHex(word.AsSpan(2), out value);
        if (word.StartsWith("0b", StringComparison.OrdinalIgnoreCase) && word.AsSpan(2).IndexOfAnyExcept('0', '1') < 0)
            return ulong.TryParse(
                word.AsSpan(2), NumberStyles.AllowBinarySpecifier, CultureInfo.InvariantCulture, out value);
        if (LooksLikeOne(word) && word[^1] is 'h' or 'H')
            return TryHex(word.AsSpan(0, word.Length - 1), out value);
        return ulong.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }

    private static bool TryHex(ReadOnlySpan<char> digits, out ulong value) => ulong.TryParse(
        digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
}

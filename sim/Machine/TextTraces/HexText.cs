using Seamsim.TextTraces.Assembling;

namespace Seamsim.TextTraces;

/// <summary>Bytes as pairs of hex digits: <c>48 01 D8</c>, <c>4801d8</c>, <c>0x48 0x01</c>.</summary>
internal static class HexText
{
    /// <summary>
    /// Reads bytes; false when the text is something else. What is an instruction's name is never bytes.
    /// </summary>
    public static bool TryParse(string text, out byte[] bytes)
    {
        bytes = [];
        List<byte> found = [];
        string[] words = text.Split([' ', '\t', ','], StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0 || MnemonicTable.Find(words[0].ToLowerInvariant()).Count > 0)
            return false;
        foreach (string word in words)
        {
            ReadOnlySpan<char> digits = word.AsSpan(word.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? 2 : 0);
            if (digits.Length == 0 || digits.Length % 2 != 0)
                return false;
            foreach (char digit in digits)
                if (!char.IsAsciiHexDigit(digit))
                    return false;
            found.AddRange(Convert.FromHexString(digits));
        }
        bytes = [.. found];
        return true;
    }
}

using Seamsim.Configuration;
using Seamsim.Timing.Blocks;

namespace Seamsim.Cli;

/// <summary>The core and the bytes a user names.</summary>
internal static class CyclesCore
{
    /// <summary>The core when none is named: the one the platform simulates.</summary>
    public const string Default = "golden-cove";

    /// <summary>The parameters of a shipped core or of a file.</summary>
    /// <exception cref="ConfigurationException">There is no such core, or the file is none of parameters.</exception>
    public static PipelineParameters Find(string name)
    {
        if (PipelineParameters.Find(name) is { } shipped)
            return shipped;
        if (!name.EndsWith(PipelineFile.Ending, StringComparison.Ordinal))
            throw new ConfigurationException(
                $"--core: expected one of {string.Join(", ", PipelineParameters.Shipped)}, "
                + $"or a .csv of parameters, not \"{name}\"");
        return PipelineFile.Read(name);
    }

    /// <summary>Bytes of a text of hex digits; blanks between them, and 0x before them, do not matter.</summary>
    public static bool TryHex(string text, out byte[] code, out string reason)
    {
        string digits = string.Concat(text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Select(word => word.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? word[2..] : word));
        code = [];
        int wrong = digits.Select((letter, at) => char.IsAsciiHexDigit(letter) ? -1 : at).FirstOrDefault(at => at >= 0, -1);
        reason = wrong >= 0 ? $"expected hex digits, not {Shown(digits[wrong])}"
            : digits.Length == 0 ? "no bytes"
            : digits.Length % 2 != 0 ? $"expected an even number of hex digits, not {digits.Length}" : "";
        if (reason.Length > 0)
            return false;
        code = Convert.FromHexString(digits);
        return true;
    }

    /// <summary>A letter in quotes; what a terminal would act on, or cannot show, as its number.</summary>
    private static string Shown(char letter) =>
        char.IsControl(letter) || char.IsSurrogate(letter) || letter == '\uFFFD' ? $"U+{(int)letter:X4}" : $"\"{letter}\"";
}

using System.Globalization;
using Seamsim.Configuration;
using Seamsim.Firmware.Abi;
using Seamsim.TextTraces.Assembling;

namespace Seamsim.TextTraces;

/// <summary>
/// A number in a directive: a constant, a label, a leaf's number or a status by name; or a sum of two.
/// </summary>
/// <param name="Name">The label or name, or null.</param>
/// <param name="Number">The constant, or what is added to the name's value.</param>
internal readonly record struct TextValue(string? Name, UInt128 Number)
{
    /// <summary>Reads a value; null when the words are none.</summary>
    public static TextValue? Take(Lexer lexer)
    {
        bool minus = lexer.TryTake("-");
        string word = lexer.Take();
        if (NumberText.LooksLikeOne(word))
            return TryNumber(word, out UInt128 number) && (!minus || number <= 1UL << 63)
                ? new TextValue(null, minus ? (ulong)-(long)(ulong)number : number)
                : null;
        if (minus || !AssemblyParser.IsName(word))
            return null;
        UInt128 offset = 0;
        if (lexer.Peek is "+" or "-")
        {
            bool less = lexer.Take() == "-";
            if (!TryNumber(lexer.Take(), out offset) || offset > ulong.MaxValue)
                return null;
            offset = less ? (ulong)-(long)(ulong)offset : offset;
        }
        return new TextValue(word, offset);
    }

    /// <summary>The number, given where the labels are.</summary>
    public UInt128 In(Func<string, ulong> labels) => Name is null ? Number : labels(Name) + (ulong)Number;

    /// <summary>The value of a name that is no label: a leaf or a status; null when it is neither.</summary>
    public static ulong? Constant(string name)
    {
        const ulong seamldr = 1UL << 63;
        return LeafCatalog.Find(name.ToUpperInvariant()) is { } leaf
            ? (leaf.Side == LeafSide.Seamldr ? seamldr : 0) | (uint)leaf.Number
            : Names.Status(name);
    }

    private static bool TryNumber(string word, out UInt128 number)
    {
        if (word.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            return UInt128.TryParse(
                word.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number);
        bool ok = NumberText.TryRead(word, out ulong small);
        number = small;
        return ok;
    }
}

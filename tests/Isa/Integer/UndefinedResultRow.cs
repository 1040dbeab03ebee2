using System.Numerics;
using Iced.Intel;

namespace Seamsim.Tests.Isa.Integer;

/// <summary>One execution as a row of undefined-results.csv looks at it.</summary>
/// <param name="Mnemonic">The instruction.</param>
/// <param name="Bits">Operand size.</param>
/// <param name="Before">Destination before, zero-extended.</param>
/// <param name="Source">Source operand.</param>
/// <param name="Count">Masked shift count; 0 where there is none.</param>
/// <param name="After">Destination after.</param>
/// <param name="FlagsBefore">RFLAGS before.</param>
/// <param name="FlagsAfter">RFLAGS after.</param>
internal readonly record struct Execution(
    Mnemonic Mnemonic, int Bits, ulong Before, ulong Source, int Count, ulong After, ulong FlagsBefore, ulong FlagsAfter)
{
    public bool Sign(ulong value) => (value >> (Bits - 1) & 1) != 0;
}

/// <summary>A row of undefined-results.csv with the meaning of its words.</summary>
internal sealed record UndefinedResultRow(Mnemonic[] Instructions, string When, string[] What, string Rule)
{
    private static readonly Dictionary<string, int> FlagBits =
        new() { ["CF"] = 0, ["PF"] = 2, ["AF"] = 4, ["ZF"] = 6, ["SF"] = 7, ["OF"] = 11 };

    public static UndefinedResultRow Parse(string[] cells) => new(
        [.. cells[0].Split(' ').Select(n => Enum.Parse<Mnemonic>(n))], cells[1], cells[2].Split(' '), cells[3]);

    /// <summary>Whether the row speaks about an execution.</summary>
    public bool Applies(in Execution e) => When switch
    {
        "always"                     => true,
        "source 0"                   => e.Source == 0,
        "16 bits"                    => e.Bits == 16,
        "count not 0"                => e.Count != 0,
        "count above 1"              => e.Count > 1,
        "count above size"           => e.Count > e.Bits,
        "count equals size"          => e.Count == e.Bits,
        "count above 1 within size"  => e.Count > 1 && e.Count <= e.Bits,
        _                            => throw new InvalidDataException($"when: {When}"),
    };

    /// <summary>What the row promises and the execution does not keep; null when it keeps all.</summary>
    public string? Breach(in Execution e)
    {
        foreach (string what in What)
        {
            bool kept = what == "destination" ? e.After == Destination(e) : Flag(e.FlagsAfter, what) == FlagByRule(e, what);
            if (!kept)
                return $"{what} is not \"{Rule}\": {e}";
        }
        return null;
    }

    private static bool Flag(ulong flags, string name) => (flags >> FlagBits[name] & 1) != 0;

    private ulong Destination(in Execution e) => Rule switch
    {
        "0"         => 0,
        "unchanged" => e.Before,
        "exchanged operands by count less size" => Exchanged(e),
        _           => throw new InvalidDataException($"rule: {Rule}"),
    };

    private static ulong Exchanged(in Execution e)
    {
        int count = e.Count - e.Bits;
        uint shifted = e.Mnemonic == Mnemonic.Shld
            ? ((uint)e.Source << count) | ((uint)e.Before >> (16 - count))
            : ((uint)e.Source >> count) | ((uint)e.Before << (16 - count));
        return (ushort)shifted;
    }

    private bool FlagByRule(in Execution e, string flag) => Rule switch
    {
        "0"                     => false,
        "unchanged"             => Flag(e.FlagsBefore, flag),
        "result"                => OfValue(e, e.After, flag),
        "source"                => OfValue(e, e.Source, flag),
        "sign before"           => e.Sign(e.Before),
        "lowest bit before"     => (e.Before & 1) != 0,
        "sign changes"          => e.Sign(e.Before) != e.Sign(e.After),
        "carry and sign differ" => Flag(e.FlagsAfter, "CF") != e.Sign(e.After),
        "top bits differ"       => e.Sign(e.After) != e.Sign(e.After << 1),
        _                       => throw new InvalidDataException($"rule: {Rule}"),
    };

    private static bool OfValue(in Execution e, ulong value, string flag) => flag switch
    {
        "SF" => e.Sign(value),
        "ZF" => value == 0,
        _    => (BitOperations.PopCount((byte)value) & 1) == 0,
    };
}

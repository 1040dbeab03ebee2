using Iced.Intel;

namespace Seamsim.Timing.Blocks;

/// <summary>A row of a table of instructions: a form and what it costs on one core.</summary>
internal sealed class InstructionRow
{
    /// <summary>Cells of a row.</summary>
    public const int Columns = 21;

    public InstructionRow(string[] cells, InstructionNames names)
    {
        Name = cells[0];
        Operands = cells[1].Length == 0 ? [] : cells[1].Split(' ');
        Implied = names.ImpliedBy(InstructionNames.Stem(Name), Operands.Length);
        Plain = new(TableNumber.ParseOr(cells[2], 1), TableNumber.ParseOr(cells[3], 1), PortUse.Parse(cells[5]));
        Microcode = TableNumber.ParseOr(cells[4], 0);
        Latencies = Latency.Parse(cells[6]);
        Blocking = TableNumber.ParseOr(cells[7], 0);
        Divider = TableNumber.ParseOr(cells[8], 0);
        Complex = cells[9] == "1";
        SimpleAfter = TableNumber.ParseOr(cells[10], int.MaxValue);
        Indexed = new(TableNumber.ParseOr(cells[11], Plain.Fused), TableNumber.ParseOr(cells[12], Plain.Decoded),
            cells[13].Length == 0 ? Plain.Ports : PortUse.Parse(cells[13]));
        if (cells[14].Length > 0)
        {
            Same = new(Plain.Fused, Plain.Decoded, PortUse.Parse(cells[15]));
            SameLatencies = Latency.Parse(cells[16]);
        }
        FlagsRead = Groups(cells[17]);
        FlagsWritten = Groups(cells[18]);
        Fusion = cells[19] switch
        {
            "" => FusionClass.None,
            "no-carry" => FusionClass.NoCarry,
            "arithmetic" => FusionClass.Arithmetic,
            "all" => FusionClass.All,
            _ => throw new InvalidDataException($"expected no-carry, arithmetic or all, not \"{cells[19]}\""),
        };
    }

    public string Name { get; }

    /// <summary>Types of the explicit operands, e.g. <c>R64</c>, <c>M128</c>, <c>I8</c>.</summary>
    public string[] Operands { get; }

    /// <summary>Register operands that the encoding implies, in the order in which latencies number them.</summary>
    public Register[] Implied { get; }

    public MicroOps Plain { get; }

    /// <summary>When a memory operand has an index register.</summary>
    public MicroOps Indexed { get; }

    /// <summary>When the source registers are the same and that matters; null otherwise.</summary>
    public MicroOps? Same { get; }

    public int Microcode { get; }

    public Latency[] Latencies { get; }

    public Latency[] SameLatencies { get; } = [];

    /// <summary>Cycles for which the instruction blocks the next one like it.</summary>
    public int Blocking { get; }

    /// <summary>Cycles for which it holds the divider.</summary>
    public int Divider { get; }

    /// <summary>Only the first decoder takes it.</summary>
    public bool Complex { get; }

    /// <summary>How many simple decoders work beside it.</summary>
    public int SimpleAfter { get; }

    public FlagGroups FlagsRead { get; }

    public FlagGroups FlagsWritten { get; }

    public FusionClass Fusion { get; }

    private static FlagGroups Groups(string flags)
    {
        FlagGroups groups = FlagGroups.None;
        foreach (char flag in flags)
            groups |= flag switch { 'C' => FlagGroups.Carry, 'O' => FlagGroups.Overflow, _ => FlagGroups.Other };
        return groups;
    }
}

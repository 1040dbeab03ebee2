using Iced.Intel;

namespace Seamsim.Timing.Blocks;

/// <summary>
/// Pairs of an arithmetic instruction and a conditional jump that decode to one µop..
/// </summary>
internal static class MacroFusion
{
    /// <summary>Marks the pairs.</summary>
    public static void Mark(List<BlockInstruction> instructions)
    {
        for (int i = 0; i + 1 < instructions.Count; i++)
        {
            if (instructions[i].Row is not { } row || !Fuses(row.Fusion, instructions[i + 1].Instruction))
                continue;
            instructions[i].FusesWithNext = true;
            instructions[i + 1].FusedWithPrevious = true;
        }
    }

    /// <summary>Whether an instruction of a class fuses with a jump.</summary>
    public static bool Fuses(FusionClass kind, in Instruction jump)
    {
        if (kind == FusionClass.None || !jump.IsJccShortOrNear)
            return false;
        return kind >= Needed(jump.ConditionCode);
    }

    /// <summary>The ports of the µop of a pair: the jump's in place of the ALU's.</summary>
    public static PortUse[] Ports(BlockInstruction first, BlockInstruction jump)
    {
        List<PortUse> ports = [.. first.Cost.Ports];
        int alu = -1;
        for (int i = 0; i < ports.Count; i++)
            if (alu < 0 || System.Numerics.BitOperations.PopCount((uint)ports[i].Ports)
                > System.Numerics.BitOperations.PopCount((uint)ports[alu].Ports))
                alu = i;
        if (alu >= 0)
            ports.RemoveAt(alu);
        ports.AddRange(jump.Cost.Ports);
        return [.. ports];
    }

    private static FusionClass Needed(ConditionCode condition) => condition switch
    {
        ConditionCode.e or ConditionCode.ne or ConditionCode.l or ConditionCode.ge or ConditionCode.le
            or ConditionCode.g => FusionClass.NoCarry,
        ConditionCode.b or ConditionCode.ae or ConditionCode.be or ConditionCode.a => FusionClass.Arithmetic,
        _ => FusionClass.All,
    };
}

using Iced.Intel;

namespace Seamsim.Timing.Blocks;

/// <summary>
/// AH, CH, DH and BH are renamed on their own; reading more of the register later costs a µop that merges.
/// </summary>
internal static class HighBytes
{
    /// <summary>Marks the instructions before which a merge issues, in the steady state.</summary>
    public static void Mark(List<BlockInstruction> instructions)
    {
        if (!instructions.Exists(one => WritesHighByte(one.Instruction)))
            return;
        int dirty = 0;
        for (int pass = 0; pass < 2; pass++)
            foreach (BlockInstruction one in instructions)
                one.MergesHighByte = Step(one, ref dirty);
    }

    private static bool Step(BlockInstruction one, ref int dirty)
    {
        bool merges = false;
        int cleaned = 0;
        foreach (UsedRegister used in one.Used)
        {
            if (!used.Register.IsGPR() || used.Register.IsGPR8())
                continue;
            int bit = 1 << used.Register.GetFullRegister().GetNumber();
            bool reads =
                used.Access is OpAccess.Read or OpAccess.CondRead or OpAccess.ReadWrite or OpAccess.ReadCondWrite;
            merges |= reads && (dirty & bit) != 0;
            cleaned |= bit;
        }
        dirty &= ~cleaned;
        if (WritesHighByte(one.Instruction))
            dirty |= 1 << one.Instruction.Op0Register.GetFullRegister().GetNumber();
        return merges;
    }

    private static bool WritesHighByte(in Instruction instruction) =>
        instruction.Op0Kind == OpKind.Register && InstructionShape.IsHighByte(instruction.Op0Register)
        && instruction.Mnemonic is not (Mnemonic.Cmp or Mnemonic.Test);
}

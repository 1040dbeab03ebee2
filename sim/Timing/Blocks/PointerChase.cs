using Iced.Intel;

namespace Seamsim.Timing.Blocks;

/// <summary>
/// A load whose base was itself loaded, with a small displacement and no index, is a cycle faster.
/// Optimization manual.
/// </summary>
internal static class PointerChase
{
    private const int SmallDisplacement = 2048;

    /// <summary>Marks such loads, in the steady state.</summary>
    public static bool[] Mark(IReadOnlyList<BlockInstruction> instructions)
    {
        bool[] chases = new bool[instructions.Count];
        bool[] loaded = new bool[16];
        for (int pass = 0; pass < 2; pass++)
            for (int i = 0; i < instructions.Count; i++)
                chases[i] = Step(instructions[i], loaded);
        return chases;
    }

    private static bool Step(BlockInstruction one, bool[] loaded)
    {
        ref Instruction instruction = ref one.Instruction;
        bool load = IsLoad(instruction);
        bool chases = load && instruction.MemoryBase.IsGPR64() && instruction.MemoryIndex == Register.None
            && instruction.MemoryDisplacement64 < SmallDisplacement && loaded[instruction.MemoryBase.GetNumber()];
        bool copies = instruction.Mnemonic == Mnemonic.Mov && instruction.Op1Kind == OpKind.Register
            && instruction.Op0Kind == OpKind.Register && instruction.Op0Register.IsGPR64()
            && instruction.Op1Register.IsGPR64() && loaded[instruction.Op1Register.GetNumber()];
        foreach (UsedRegister used in one.Used)
            if (used.Register.IsGPR() && used.Access is not (OpAccess.Read or OpAccess.CondRead or OpAccess.None))
                loaded[used.Register.GetFullRegister().GetNumber()] = copies || load
                    || instruction.Mnemonic == Mnemonic.Pop && used.Register.GetFullRegister() != Register.RSP;
        return chases;
    }

    private static bool IsLoad(in Instruction instruction) =>
        instruction.Mnemonic is (Mnemonic.Mov or Mnemonic.Movsxd) && instruction.Op0Kind == OpKind.Register
        && instruction.Op1Kind == OpKind.Memory && !instruction.Op0Register.IsGPR8()
        && !instruction.Op0Register.IsGPR16();
}

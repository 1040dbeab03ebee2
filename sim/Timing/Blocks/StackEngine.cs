using Iced.Intel;

namespace Seamsim.Timing.Blocks;

/// <summary>
/// PUSH, POP, CALL and RET move RSP without a µop; using RSP otherwise costs one that synchronises it when it has
/// moved.
/// </summary>
internal static class StackEngine
{
    private const int LongestPeriod = 64;

    /// <summary>Counts the synchronising µops in the steady state.</summary>
    public static void Mark(List<BlockInstruction> instructions, PipelineParameters core)
    {
        if (!instructions.Exists(one => one.Instruction.IsStackInstruction))
            return;
        int[] syncs = new int[instructions.Count];
        Dictionary<int, int> seen = [];
        List<int[]> history = [];
        int offset = 0;
        for (int iteration = 0; iteration <= LongestPeriod; iteration++)
        {
            if (seen.TryGetValue(offset, out int before) || iteration == LongestPeriod)
            {
                Average(instructions, history, before, iteration, syncs);
                return;
            }
            seen.Add(offset, iteration);
            history.Add((int[])syncs.Clone());
            for (int i = 0; i < instructions.Count; i++)
                syncs[i] += Step(instructions[i].Instruction, core, ref offset);
        }
    }

    private static void Average(
        List<BlockInstruction> instructions, List<int[]> history, int before, int now, int[] syncs)
    {
        for (int i = 0; i < instructions.Count; i++)
            instructions[i].StackSyncs = new(syncs[i] - history[before][i], now - before);
    }

    private static int Step(in Instruction instruction, PipelineParameters core, ref int offset)
    {
        int syncs = 0;
        if (Reads(instruction) && offset != 0)
            (syncs, offset) = (1, 0);
        if (instruction.Mnemonic == Mnemonic.Leave || Writes(instruction))
            offset = 0;
        if (instruction.IsStackInstruction)
            offset += instruction.StackPointerIncrement;
        if (Math.Abs(offset) > core.SyncLimit)
            (syncs, offset) = (syncs + 1, 0);
        return syncs;
    }

    /// <summary>Whether an instruction names RSP as a source.</summary>
    private static bool Reads(in Instruction instruction)
    {
        if (instruction.MemoryBase == Register.RSP && HasMemory(instruction))
            return true;
        for (int i = 0; i < instruction.OpCount; i++)
            if (instruction.GetOpKind(i) == OpKind.Register
                && instruction.GetOpRegister(i).GetFullRegister() == Register.RSP
                && (i > 0 || instruction.Mnemonic is not (Mnemonic.Mov or Mnemonic.Lea or Mnemonic.Pop)))
                return true;
        return false;
    }

    private static bool Writes(in Instruction instruction) =>
        instruction.Op0Kind == OpKind.Register && instruction.Op0Register.GetFullRegister() == Register.RSP
        && instruction.Mnemonic is (Mnemonic.Mov or Mnemonic.Lea or Mnemonic.Pop);

    private static bool HasMemory(in Instruction instruction)
    {
        for (int i = 0; i < instruction.OpCount; i++)
            if (instruction.GetOpKind(i) == OpKind.Memory)
                return true;
        return false;
    }
}

namespace Seamsim.Timing.Blocks;

/// <summary>
/// Cycles of the predecoder: it takes an aligned block of bytes a cycle, at most so many instructions of it, and an
/// instruction belongs to the block in which it ends.
/// </summary>
/// <remarks>
/// A block costs the instructions that end in it, and those whose opcode it holds but not their end, over the width. A
/// length-changing prefix stalls, less what the block before took beyond its first cycle.
/// </remarks>
internal static class PredecodeBound
{
    /// <summary>Of a block repeated without a gap.</summary>
    public static Ratio Unrolled(BlockCode block, PipelineParameters core)
    {
        int copies = core.PredecodeBytes / Greatest(block.Length, core.PredecodeBytes);
        return new(Cycles(block, core, copies, 0, block.Length * copies / core.PredecodeBytes, wraps: true), copies);
    }

    /// <summary>Of a loop that enters the block at its own address.</summary>
    public static Ratio Looped(BlockCode block, PipelineParameters core)
    {
        int offset = (int)(block.Rip % (ulong)core.PredecodeBytes);
        int blocks = (offset + block.Length + core.PredecodeBytes - 1) / core.PredecodeBytes;
        return new(Cycles(block, core, 1, offset, blocks, wraps: false), 1);
    }

    private static int Cycles(BlockCode block, PipelineParameters core, int copies, int offset, int blocks, bool wraps)
    {
        int[] ends = new int[blocks], opcodes = new int[blocks], prefixes = new int[blocks];
        for (int copy = 0; copy < copies; copy++)
            foreach (BlockInstruction one in block.Instructions)
            {
                int start = offset + copy * block.Length + one.Start;
                int end = (start + one.Length - 1) / core.PredecodeBytes;
                int opcode = (start + one.OpcodeOffset) / core.PredecodeBytes;
                ends[end]++;
                if (opcode != end)
                    opcodes[opcode]++;
                if (one.LengthChangingPrefix)
                    prefixes[end]++;
            }
        int total = 0;
        for (int i = 0; i < blocks; i++)
        {
            int plain = Plain(i);
            int hidden = i > 0 || wraps ? Plain((i + blocks - 1) % blocks) - 1 : 0;
            total += plain + Math.Max(0, core.LcpStall * prefixes[i] - Math.Max(0, hidden));
        }
        return total;

        int Plain(int i) => Math.Max(1, (ends[i] + opcodes[i] + core.PredecodeWidth - 1) / core.PredecodeWidth);
    }

    private static int Greatest(int a, int b)
    {
        while (b != 0)
            (a, b) = (b, a % b);
        return a;
    }
}

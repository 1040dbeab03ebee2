using Iced.Intel;

namespace Seamsim.Timing.Blocks;

/// <summary>Cycles of the decoders: groups of instructions, of which only the first may be complex.</summary>
internal static class DecoderBound
{
    private const int LongestPeriod = 64;

    /// <summary>Of a block repeated until the decoders are in a state they were in before.</summary>
    public static Ratio Of(BlockCode block, PipelineParameters core)
    {
        Group group = new(core);
        Dictionary<long, (int Iteration, int Cycles)> seen = [];
        for (int iteration = 0; ; iteration++)
        {
            if (seen.TryGetValue(group.State, out (int Iteration, int Cycles) before))
                return new(group.Cycles - before.Cycles, iteration - before.Iteration);
            if (iteration == LongestPeriod)
                return new(group.Cycles, iteration);
            seen.Add(group.State, (iteration, group.Cycles));
            foreach (BlockInstruction one in block.Instructions)
                if (!one.FusedWithPrevious)
                    group.Take(one);
        }
    }

    /// <summary>The group being filled.</summary>
    private sealed class Group(PipelineParameters core)
    {
        private int taken = core.Decoders, microOps, limit = int.MaxValue;

        /// <summary>Cycles of the groups begun so far.</summary>
        public int Cycles { get; private set; }

        public long State => (long)Math.Min(limit, 1 << 16) << 16 | (long)microOps << 8 | (uint)taken;

        public void Take(BlockInstruction one)
        {
            bool microcoded = one.IsMicrocoded;
            bool pop = IsLongPop(one.Instruction);
            bool complex = one.Row is { Complex: true } || one.Cost.Decoded > 1 || microcoded || pop;
            bool last = taken == core.Decoders - 1;
            if (taken >= core.Decoders || complex || taken > limit || microOps + one.Cost.Decoded > core.DecoderMicroOps
                || last && one.MayFuse && !core.FusedInLastDecoder)
                Begin();
            taken++;
            microOps += one.Cost.Decoded;
            if (one.Row is { Complex: true } row)
                limit = row.SimpleAfter;
            if (microcoded)
            {
                Cycles += core.MicrocodeSwitch + (one.Row!.Microcode + core.MicrocodeWidth - 1) / core.MicrocodeWidth;
                taken = core.Decoders;
            }
            if (one.FusesWithNext || one.IsBranch || pop && core.PopEndsGroup)
                taken = core.Decoders;
        }

        /// <summary>
        /// POP of RSP or R12: their number in the opcode byte is the one that means a SIB byte elsewhere.
        /// </summary>
        private static bool IsLongPop(in Instruction instruction) =>
            instruction.Mnemonic == Mnemonic.Pop && instruction.Op0Kind == OpKind.Register
            && instruction.Op0Register.GetFullRegister() is (Register.RSP or Register.R12);

        private void Begin()
        {
            Cycles++;
            taken = 0;
            microOps = 0;
            limit = int.MaxValue;
        }
    }
}

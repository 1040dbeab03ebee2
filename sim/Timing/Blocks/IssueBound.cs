namespace Seamsim.Timing.Blocks;

/// <summary>
/// Cycles of issue: fused µops over the width, where the two halves of a µop that was unlaminated issue together.
/// </summary>
internal static class IssueBound
{
    private const int LongestPeriod = 64;

    /// <summary>The bound of a block repeated until the slots are as they were before.</summary>
    public static Ratio Of(BlockCode block, PipelineParameters core) => Ratio.Max(Slots(block, core), Grouped(block, core));

    /// <summary>All slots over the width.</summary>
    private static Ratio Slots(BlockCode block, PipelineParameters core)
    {
        Ratio slots = Ratio.Zero;
        foreach (BlockInstruction one in block.Instructions)
        {
            if (!one.FusedWithPrevious)
                slots += new Ratio(one.Cost.Fused, 1);
            slots += one.StackSyncs;
            if (one.MergesHighByte)
                slots += new Ratio(core.IssueWidth, 1);
        }
        return new(slots.Numerator, slots.Denominator * core.IssueWidth);
    }

    /// <summary>
    /// The same in order and in whole cycles; µops that do not come every iteration are left to the slots.
    /// </summary>
    private static Ratio Grouped(BlockCode block, PipelineParameters core)
    {
        Dictionary<int, (int Iteration, int Cycles)> seen = [];
        int cycles = 0, left = 0;
        for (int iteration = 0; ; iteration++)
        {
            if (seen.TryGetValue(left, out (int Iteration, int Cycles) before))
                return new(cycles - before.Cycles, iteration - before.Iteration);
            if (iteration == LongestPeriod)
                return new(cycles, iteration);
            seen.Add(left, (iteration, cycles));
            foreach (BlockInstruction one in block.Instructions)
            {
                if (one.StackSyncs == new Ratio(1, 1))
                    Take(1);
                if (one.FusedWithPrevious)
                    continue;
                int pairs = Math.Max(0, one.Cost.Fused - one.Cost.Decoded);
                for (int pair = 0; pair < pairs; pair++)
                    Take(2);
                for (int single = 2 * pairs; single < one.Cost.Fused; single++)
                    Take(1);
            }
        }

        void Take(int slots)
        {
            if (left < slots)
                (cycles, left) = (cycles + 1, core.IssueWidth);
            left -= slots;
        }
    }
}

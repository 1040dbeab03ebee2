namespace Seamsim.Timing.Blocks;

/// <summary>Cycles of a loop that comes from the µop cache or from the decode queue.</summary>
internal static class QueueBounds
{
    /// <summary>The µop cache: a loop within one window cannot join its iterations in a cycle.</summary>
    public static Ratio Dsb(BlockCode block, PipelineParameters core)
    {
        int microOps = MicroOpsOf(block);
        bool oneWindow = block.Length < 32;
        return oneWindow ? new((microOps + core.DsbWidth - 1) / core.DsbWidth, 1) : new(microOps, core.DsbWidth);
    }

    /// <summary>
    /// The loop stream detector: the loop is unrolled in the queue, and iterations do not share a cycle.
    /// </summary>
    public static Ratio Lsd(BlockCode block, PipelineParameters core)
    {
        int microOps = MicroOpsOf(block);
        int unroll = microOps >= 1 && microOps <= core.LsdUnroll.Count ? core.LsdUnroll[microOps - 1] : 1;
        return new((microOps * unroll + core.IssueWidth - 1) / core.IssueWidth, unroll);
    }

    /// <summary>Whether the loop runs from the queue.</summary>
    public static bool FitsLsd(BlockCode block, PipelineParameters core) =>
        core.LsdUnroll.Count > 0 && block.EndsInBranch && MicroOpsOf(block) <= core.IdqMicroOps
        && block.Instructions.All(one => !one.IsMicrocoded && !one.Instruction.IsStackInstruction);

    /// <summary>Whether every window of the loop may be in the µop cache, and all of them together.</summary>
    public static bool FitsDsb(BlockCode block, PipelineParameters core) =>
        !HasJccErratum(block, core) && LinesFit(block, core);

    /// <summary>Whether a jump crosses or ends at a boundary of 32 bytes, and the core may not cache that.</summary>
    public static bool HasJccErratum(BlockCode block, PipelineParameters core)
    {
        if (!core.JccErratum)
            return false;
        for (int i = 0; i < block.Instructions.Count; i++)
        {
            BlockInstruction jump = block.Instructions[i];
            if (!jump.IsBranch)
                continue;
            BlockInstruction first = jump.FusedWithPrevious ? block.Instructions[i - 1] : jump;
            ulong start = block.Rip + (ulong)first.Start, after = block.Rip + (ulong)(jump.Start + jump.Length);
            if (start / 32 != after / 32)
                return true;
        }
        return false;
    }

    private static bool LinesFit(BlockCode block, PipelineParameters core)
    {
        ulong window = ulong.MaxValue;
        int lines = 0, room = 0, all = 0;
        foreach (BlockInstruction one in block.Instructions)
        {
            ulong at = (block.Rip + (ulong)one.Start) / (ulong)core.DsbWindow;
            if (at != window)
                (window, lines, room) = (at, 0, 0);
            int needs = one.FusedWithPrevious ? 0 : one.Cost.Decoded;
            if (one.IsMicrocoded || needs > room)
                (lines, room, all) = (lines + 1, core.DsbLineMicroOps, all + 1);
            room = one.IsMicrocoded ? 0 : room - needs;
            if (lines > core.DsbLines || all * core.DsbLineMicroOps > core.DsbMicroOps)
                return false;
        }
        return true;
    }

    private static int MicroOpsOf(BlockCode block)
    {
        int microOps = 0;
        foreach (BlockInstruction one in block.Instructions)
            microOps += one.FusedWithPrevious ? 0 : Math.Max(one.Cost.Decoded, one.Cost.Fused);
        return microOps;
    }
}

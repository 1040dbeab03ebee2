namespace Seamsim.Timing.Blocks;

/// <summary>
/// Latencies through memory. A store hands its data to a later load of the same address; the tables only know the
/// whole way, so it is cut at the load: the store carries the forwarding, the load what its own µop adds.
/// </summary>
internal static class StoreForwarding
{
    private const int MeasuredForward = 4;

    /// <summary>The cycles of a latency as the dependency graph needs them.</summary>
    public static int Cycles(BlockInstruction one, in Latency latency, PipelineParameters core)
    {
        bool fromMemory = latency.From == OperandRole.Memory, toMemory = latency.To == OperandRole.Memory;
        if (core.StoreForward == 0 || fromMemory == toMemory && (!toMemory || one.Instruction.HasLockPrefix))
            return latency.Cycles;
        if (fromMemory && toMemory)
            return Math.Max(latency.Cycles, core.StoreForward + 1);
        if (fromMemory)
            return one.Cost.Ports.Length < 2 ? 0 : Math.Max(1, FromAddress(one, latency) - core.DefaultLoadLatency);
        return latency.From == OperandRole.Register
            ? core.StoreForward + Math.Max(0, latency.Cycles - MeasuredForward - 1)
            : core.StoreAddressForward;
    }

    private static int FromAddress(BlockInstruction one, in Latency latency)
    {
        foreach (Latency other in one.Latencies!)
            if (other.From == OperandRole.Address && other.To == latency.To && other.Output == latency.Output)
                return other.Cycles;
        return latency.Cycles;
    }
}

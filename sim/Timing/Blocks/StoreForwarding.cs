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

    /// <summary>
    /// The cycles of a latency from memory where one locked instruction reads what another one stored. The next one
    /// starts when the one before lets it, which is what <c>blocking</c> was measured as; the tables follow a locked
    /// store to a plain load, and a plain store to a locked load, and each of these ways has a whole one in it.
    /// </summary>
    public static int BetweenLocked(
        BlockInstruction store, BlockInstruction one, in Latency latency, PipelineParameters core)
    {
        int own = latency.To == OperandRole.Memory ? ToMemory(one, core) : FromAddress(one, latency);
        return store.Row!.Blocking + own - ToMemory(store, core);
    }

    /// <summary>Cycles from the start of a store to what the graph holds of it.</summary>
    private static int ToMemory(BlockInstruction store, PipelineParameters core)
    {
        int most = 0;
        foreach (Latency latency in store.Latencies!)
            if (latency.To == OperandRole.Memory && latency.From != OperandRole.Memory)
                most = Math.Max(most, Cycles(store, latency, core));
        return most;
    }

    private static int FromAddress(BlockInstruction one, in Latency latency)
    {
        foreach (Latency other in one.Latencies!)
            if (other.From == OperandRole.Address && other.To == latency.To && other.Output == latency.Output)
                return other.Cycles;
        return latency.Cycles;
    }
}

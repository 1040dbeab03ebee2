namespace Seamsim.Timing.Blocks;

/// <summary>
/// Cycles of loads that wait until a store that has only some of their bytes is in the cache. A store gets there only
/// after everything before it has retired, and stores get there one by one, so such waits do not overlap unless one
/// load waits for stores that are all older than the wait before.
/// </summary>
internal static class ForwardingBound
{
    /// <summary>The waits of an iteration in the steady state.</summary>
    public static Ratio Of(
        IReadOnlyList<BlockInstruction> block, IReadOnlyList<LoadSource> sources, PipelineParameters core)
    {
        int cycles = 0, waited = -1;
        for (int pass = 0; pass < 2; pass++)
        {
            cycles = 0;
            for (int i = 0; i < sources.Count; i++)
            {
                if (!sources[i].Blocked)
                    continue;
                int store = (sources[i].FromPrevious ? pass - 1 : pass) * sources.Count + sources[i].Store;
                if (store < waited)
                    continue;
                cycles += core.BlockedForward - 1 + StoresBetween(block, waited, store) + LongerLoad(block[i], core);
                waited = pass * sources.Count + i;
            }
        }
        return new(cycles, 1);
    }

    /// <summary>Stores after the load that waited last, up to the one that is waited for.</summary>
    private static int StoresBetween(IReadOnlyList<BlockInstruction> block, int load, int store)
    {
        int stores = 0;
        for (int i = load + 1; i <= store; i++)
            stores += block[i % block.Count].Stores ? 1 : 0;
        return stores;
    }

    private static int LongerLoad(BlockInstruction load, PipelineParameters core)
    {
        int longest = core.DefaultLoadLatency;
        if (load.Latencies is not null && load.Cost.Ports.Length == 1)
            foreach (Latency latency in load.Latencies)
                if (latency.From == OperandRole.Address)
                    longest = Math.Max(longest, latency.Cycles);
        return longest - core.DefaultLoadLatency;
    }
}

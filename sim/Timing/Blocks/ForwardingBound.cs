namespace Seamsim.Timing.Blocks;

/// <summary>
/// Cycles of loads that wait until a store that has only some of their bytes is in the cache. A store gets there only
/// after everything before it has retired, so such waits do not overlap unless one load waits for both stores.
/// </summary>
internal static class ForwardingBound
{
    /// <summary>Waits an iteration, times their length.</summary>
    public static Ratio Of(IReadOnlyList<LoadSource> sources, CoreParameters core)
    {
        int waits = 0, lastWait = int.MinValue;
        for (int pass = 0; pass < 2; pass++)
        {
            waits = 0;
            for (int i = 0; i < sources.Count; i++)
            {
                if (!sources[i].Blocked)
                    continue;
                int store = pass * sources.Count + sources[i].Store - (sources[i].FromPrevious ? sources.Count : 0);
                if (store < lastWait)
                    continue;
                waits++;
                lastWait = pass * sources.Count + i;
            }
        }
        return new(waits * core.BlockedForward, 1);
    }
}

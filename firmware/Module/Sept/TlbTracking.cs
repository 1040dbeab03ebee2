using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>
/// When a blocked range is out of every TLB. TDX Module 1.5 base specification, "TLB Tracking": blocking records the
/// epoch, TDH.MEM.TRACK starts the next one, and virtual CPUs count themselves into the epoch they entered in.
/// </summary>
internal static class TlbTracking
{
    private const ulong MigrationFlag = 1UL << 63;

    /// <summary>Whether the TD can run, so that a mapping may still sit in a TLB.</summary>
    public static bool IsRequired(Tdcs tdcs, SeptState state) =>
        SeptStates.Of(state).TrackingRequired
        && tdcs.OpState is OpState.Runnable or OpState.LiveExport or OpState.LiveImport;

    /// <summary>Whether every virtual CPU has left the epoch in which the range was blocked.</summary>
    /// <param name="tdcs">The TD's control structure.</param>
    /// <param name="bepoch">BEPOCH of the blocked page's PAMT entry.</param>
    public static bool IsDone(Tdcs tdcs, ulong bepoch)
    {
        if ((bepoch & MigrationFlag) != 0)
            return false;
        ulong previous = tdcs.TdEpoch - 1;
        return bepoch < previous || (bepoch == previous && tdcs.Refcount((int)(bepoch & 1)) == 0);
    }
}

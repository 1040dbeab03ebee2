using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.MEM.TRACK (leaf 38) — start the next TLB epoch. TDX Module 1.5 ABI, "TDH.MEM.TRACK Leaf".
/// </summary>
internal static class TdhMemTrack
{
    /// <summary>Runs the leaf.</summary>
    public static LeafEnd Execute(LeafCall c)
    {
        using PageHold tdr = PageHold.OfTdr(c, (Hpa)c.Rcx, OperandId.Rcx, LockMode.Shared);
        if (tdr.Failed) return tdr.Status;
        using OpStateHold state = TdState.Check(c, tdr.View, LockMode.Shared);
        if (state.Failed) return state.Status;

        Tdcs tdcs = tdr.View.Tdcs;
        if (!SharexLock.TryHold(c.P, tdcs.EpochLock, LockMode.Exclusive))
            return TdxStatus.OperandBusy.With(OperandId.TdEpoch);
        ulong epoch = tdcs.TdEpoch;
        if (tdcs.Refcount((int)(1 - (epoch & 1))) != 0) return TdxStatus.PreviousTlbEpochBusy;

        // Commit: from here on the leaf cannot fail.
        tdcs.TdEpoch = epoch + 1;
        return TdxStatus.Success;
    }
}

using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.MEM.RANGE.UNBLOCK (leaf 39) — give a blocked range back to the TD. TDX Module 1.5 ABI,
/// "TDH.MEM.RANGE.UNBLOCK Leaf".
/// </summary>
internal static class TdhMemRangeUnblock
{
    /// <summary>Runs the leaf.</summary>
    public static LeafEnd Execute(LeafCall c)
    {
        (ulong mapping, ulong tdrPa) = (c.Rcx, c.Rdx);
        (c.Rcx, c.Rdx) = (0, 0);

        using PageHold tdr = PageHold.OfTdr(c, (Hpa)tdrPa, OperandId.Rdx, LockMode.Shared);
        if (tdr.Failed) return tdr.Status;
        using OpStateHold state = TdState.Check(c, tdr.View, LockMode.Shared);
        if (state.Failed) return state.Status;

        TdSept sept = new(c, tdr.View);
        if (!GpaMapping.TryParse(mapping, 0, sept.TopLevel, out GpaMapping at))
            return TdxStatus.OperandInvalid.With(OperandId.Rcx);
        TdxStatus found = sept.Lock(at, LockMode.Exclusive, out SeptSlot slot);
        if (found.IsError) return found;
        if (!sept.Allows(slot)) return sept.Refuse(TdxStatus.EptEntryStateIncorrect, slot);
        if (TlbTracking.IsRequired(sept.Tdcs, slot.Entry.State)
            && !TlbTracking.IsDone(sept.Tdcs, sept.BepochOf(slot)))
            return TdxStatus.TlbTrackingNotDone.With(OperandId.SeptTree);

        // Commit: from here on the leaf cannot fail.
        if (!slot.Entry.Flags.AnyPending)
            new L2Sept(c.P, sept.Tdcs).UnblockAliases(slot, at.Gpa);
        SeptEntryLock.Store(c.P, slot, slot.Entry.Become(Unblocked(slot.Entry.State)));
        return TdxStatus.Success;
    }

    private static SeptState Unblocked(SeptState state) => state switch
    {
        SeptState.NL_BLOCKED => SeptState.NL_MAPPED,
        SeptState.PENDING_BLOCKED => SeptState.PENDING,
        _ => SeptState.MAPPED,
    };
}

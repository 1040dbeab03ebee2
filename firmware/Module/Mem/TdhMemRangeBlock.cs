using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.MEM.RANGE.BLOCK (leaf 7) — take the TD's access to a range away and note the epoch. TDX Module 1.5 ABI,
/// "TDH.MEM.RANGE.BLOCK Leaf".
/// </summary>
internal static class TdhMemRangeBlock
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
        if (!sept.Allows(slot))
            return sept.Refuse(
                slot.Entry.Flags.AnyBlocked ? TdxStatus.GpaRangeAlreadyBlocked : TdxStatus.EptEntryStateIncorrect,
                slot);

        // Commit: from here on the leaf cannot fail.
        sept.SetBepoch(slot, sept.Tdcs.TdEpoch);
        SeptEntryLock.Store(c.P, slot, Blocked(slot));
        new L2Sept(c.P, sept.Tdcs).BlockAliases(slot, at.Gpa);
        return TdxStatus.Success;
    }

    private static SeptEntry Blocked(SeptSlot slot) => slot.Entry.State switch
    {
        SeptState.NL_MAPPED => slot.Entry.Become(SeptState.NL_BLOCKED),
        SeptState.PENDING when slot.Level == 1 => slot.Entry.WithAcceptedSteps(0).Become(SeptState.PENDING_BLOCKED),
        SeptState.PENDING or SeptState.PENDING_BLOCKEDW => slot.Entry.Become(SeptState.PENDING_BLOCKED),
        _ => slot.Entry.Become(SeptState.BLOCKED),
    };
}

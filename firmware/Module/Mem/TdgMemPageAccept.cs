using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDG.MEM.PAGE.ACCEPT (leaf 6) — the guest accepts a pending page, which is zeroed. A 2-MiB page is zeroed in 4-KiB
/// steps that an interrupt may part; the entry remembers how far it went. TDX Module 1.5 ABI,
/// "TDG.MEM.PAGE.ACCEPT Leaf".
/// </summary>
internal static class TdgMemPageAccept
{
    private const int Leaf = 6;
    private const ulong PageBytes = 4096;

    /// <summary>Runs the leaf.</summary>
    public static GuestLeafEnd Execute(GuestCall c)
    {
        LeafCall call = c.Call;
        if (!GpaMapping.TryParse(call.Rcx, 0, 1, out GpaMapping at) || !TdSept.IsPrivate(c.Tdcs, at.Gpa))
            return Done(TdxStatus.OperandInvalid, OperandId.Rcx);

        SeptSlot slot = TdSept.TreeOf(call.P, c.Tdcs).Walk(at.Gpa, at.Level);
        if (slot.Level != at.Level)
            return slot.Entry.Flags.GuestAccessibleLeaf
                ? Done(TdxStatus.PageAlreadyAccepted, slot.Level)
                : Exit(at, slot);

        TdxStatus locked = SeptEntryLock.TakeAsGuest(call.P, ref slot);
        if (locked.IsError)                           return locked;
        if (!slot.Entry.IsLeaf && !slot.Entry.IsFree) return Done(TdxStatus.PageSizeMismatch, slot.Level);
        if (slot.Entry.Flags.GuestAccessibleLeaf)     return Done(TdxStatus.PageAlreadyAccepted, slot.Level);
        if (!call.Tables.SeptLeaves.Allows(LeafSide.Guest, Leaf, slot.Entry.State)) return Exit(at, slot);

        // Commit: from here on the leaf cannot fail, but it may be interrupted.
        if (!Zero(c, slot))
            return GuestLeafEnd.Interrupted;
        SeptState accepted = slot.Entry.State == SeptState.PENDING ? SeptState.MAPPED : SeptState.EXP_DIRTY;
        new L2Sept(call.P, c.Tdcs).UnblockAliases(slot, at.Gpa);
        SeptEntryLock.Store(call.P, slot, WithoutCounter(slot).Become(accepted));
        return GuestLeafEnd.Completed(TdxStatus.Success);
    }

    // False when an interrupt is pending before the page is done.
    private static bool Zero(GuestCall c, SeptSlot slot)
    {
        ISeamPlatform p = c.Call.P;
        Hpa page = c.Tdr.Private(new Hpa(slot.Entry.PageAddress(slot.Level)));
        int steps = (int)GpaMapping.PagesAt(slot.Level);
        for (int i = slot.Level == 0 ? 0 : slot.Entry.AcceptedSteps; i < steps; i++)
        {
            p.FillPage(page + PageBytes * (ulong)i, 0);
            if (i + 1 == steps || !PendingInterrupt.ForGuest(p))
                continue;
            SeptEntryLock.Store(p, slot, slot.Entry.WithAcceptedSteps(i + 1));
            return false;
        }
        return true;
    }

    private static SeptEntry WithoutCounter(SeptSlot slot) =>
        slot.Level == 0 ? slot.Entry : slot.Entry.WithAcceptedSteps(0);

    private static GuestLeafEnd Exit(GpaMapping at, SeptSlot slot) =>
        PrivateEptViolation.OfEntry(ExtendedQualificationType.Accept, at, slot);

    private static GuestLeafEnd Done(TdxStatus status, OperandId operand) =>
        GuestLeafEnd.Completed(status.With(operand));

    private static GuestLeafEnd Done(TdxStatus status, int level) =>
        GuestLeafEnd.Completed(status.With((uint)level));
}

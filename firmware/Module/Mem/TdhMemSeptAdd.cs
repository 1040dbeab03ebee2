using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.MEM.SEPT.ADD (leaf 3) — add a Secure-EPT page, and in version 1 the L2 SEPT pages beside it. TDX Module 1.5 ABI,
/// "TDH.MEM.SEPT.ADD Leaf".
/// </summary>
internal static class TdhMemSeptAdd
{
    private const ulong AllowExisting = 1;
    private const ulong ReservedTdrBits = 0xFFF0_0000_0000_0FFE;

    /// <summary>Runs the leaf.</summary>
    public static LeafEnd Execute(LeafCall c)
    {
        (ulong mapping, ulong tdrAndFlags) = (c.Rcx, c.Rdx);
        (c.Rcx, c.Rdx) = (0, 0);
        if (c.Version > 1) return TdxStatus.OperandInvalid.With(OperandId.Rax);

        using SeptAddPages pages = new(c);
        TdxStatus status = Run(c, mapping, tdrAndFlags, pages);
        if (c.Version == 1)
            pages.WriteOutputs();
        return status;
    }

    private static TdxStatus Run(LeafCall c, ulong mapping, ulong tdrAndFlags, SeptAddPages pages)
    {
        if ((tdrAndFlags & ReservedTdrBits) != 0) return TdxStatus.OperandInvalid.With(OperandId.Rdx);
        bool allowExisting = (tdrAndFlags & AllowExisting) != 0;
        using PageHold tdr = PageHold.OfTdr(c, (Hpa)(tdrAndFlags & ~AllowExisting), OperandId.Rdx, LockMode.Shared);
        if (tdr.Failed) return tdr.Status;
        using OpStateHold state = TdState.Check(c, tdr.View, LockMode.Shared);
        if (state.Failed) return state.Status;

        TdSept sept = new(c, tdr.View);
        if (!GpaMapping.TryParse(mapping, 1, sept.TopLevel, out GpaMapping at))
            return TdxStatus.OperandInvalid.With(OperandId.Rcx);
        TdxStatus found = sept.Lock(at, LockMode.Shared, out SeptSlot slot);
        if (found.IsError) return found;
        if (!sept.Allows(slot)) return sept.Refuse(TdxStatus.EptEntryStateIncorrect, slot);

        TdxStatus l1 = TakeL1(sept, slot, pages, allowExisting);
        if (l1.IsError) return l1;
        if (c.Version == 1)
        {
            TdxStatus l2 = TakeL2(sept, at, pages, allowExisting);
            if (l2.IsError) return l2;
        }
        return Commit(sept, slot, pages, mapping, tdrAndFlags);
    }

    private static TdxStatus TakeL1(TdSept sept, SeptSlot slot, SeptAddPages pages, bool allowExisting)
    {
        bool free = slot.Entry.IsFree;
        if (!pages.IsGiven(0))
        {
            if (sept.Call.Version == 0) return TdxStatus.OperandInvalid.With(OperandId.R8);
            return free ? sept.Refuse(TdxStatus.EptEntryStateIncorrect, slot) : TdxStatus.Success;
        }
        if (free) return pages.Take(0);
        if (!allowExisting) return sept.Refuse(TdxStatus.EptEntryStateIncorrect, slot);
        pages.MarkNotNeeded(0);
        return TdxStatus.Success;
    }

    private static TdxStatus TakeL2(TdSept sept, GpaMapping at, SeptAddPages pages, bool allowExisting)
    {
        var l2 = new L2Sept(sept.Call.P, sept.Tdcs);
        for (int vm = 1; vm <= Tdcs.MaxL2Vms; vm++)
        {
            if (!pages.IsGiven(vm))
                continue;
            if (vm > sept.Tdcs.NumL2Vms) return TdxStatus.OperandInvalid.With(SeptAddPages.Operand(vm));
            L2SeptSlot slot = l2.Walk(vm, at.Gpa, at.Level);
            TdxStatus status = slot switch
            {
                _ when slot.Level != at.Level                 => Refuse(l2, TdxStatus.L2SeptWalkFailed, slot),
                _ when slot.Entry.State == L2SeptState.L2_FREE => pages.Take(slot),
                _ when !allowExisting                         => Refuse(l2, TdxStatus.L2SeptEntryNotFree, slot),
                _                                             => TdxStatus.Success,
            };
            if (status.IsError) return status;
            if (!pages.IsHeld(vm))
                pages.MarkNotNeeded(vm);
        }
        return TdxStatus.Success;

        TdxStatus Refuse(L2Sept tree, TdxStatus status, L2SeptSlot slot)
        {
            tree.Describe(sept.Call, slot);
            return status.With(L2Sept.Details(slot));
        }
    }

    private static TdxStatus Commit(TdSept sept, SeptSlot slot, SeptAddPages pages, ulong mapping, ulong tdrAndFlags)
    {
        LeafCall c = sept.Call;
        SeptEntry entry = slot.Entry;
        bool added = false;
        if (pages.IsHeld(0))
        {
            entry = SeptEntry.NonLeaf(pages.Consume(0, sept.Tdr, SeptEntry.Free.Raw));
            SeptEntryLock.Store(c.P, slot, entry);
            added = true;
        }
        for (int vm = 1; vm <= Tdcs.MaxL2Vms; vm++)
        {
            if (!pages.IsHeld(vm))
                continue;
            if (added && PendingInterrupt.ForHost(c.P))
            {
                (c.Rcx, c.Rdx) = (mapping, tdrAndFlags);
                return TdxStatus.InterruptedResumable;
            }
            ulong page = pages.Consume(vm, sept.Tdr, L2SeptEntry.Free.Raw);
            new L2Sept(c.P, sept.Tdcs).Store(pages.SlotOf(vm), L2SeptEntry.NonLeaf(page));
            entry = entry.WithAlias(vm, true);
            SeptEntryLock.Store(c.P, slot, entry);
            added = true;
        }
        return TdxStatus.Success;
    }
}

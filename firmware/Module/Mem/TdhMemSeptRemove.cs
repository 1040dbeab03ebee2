using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.MEM.SEPT.REMOVE (leaf 30) — take an empty Secure-EPT page out of the tree. TDX Module 1.5 ABI,
/// "TDH.MEM.SEPT.REMOVE Leaf".
/// </summary>
internal static class TdhMemSeptRemove
{
    /// <summary>Runs the leaf.</summary>
    public static LeafEnd Execute(LeafCall c)
    {
        (ulong mapping, ulong tdrPa) = (c.Rcx, c.Rdx);
        (c.Rcx, c.Rdx) = (0, 0);
        if (c.Version >= 1) (c.R9, c.R10, c.R11) = (ulong.MaxValue, ulong.MaxValue, ulong.MaxValue);
        if (c.Version > 1) return TdxStatus.OperandInvalid.With(OperandId.Rax);

        using PageHold tdr = PageHold.OfTdr(c, (Hpa)tdrPa, OperandId.Rdx, LockMode.Shared);
        if (tdr.Failed) return tdr.Status;
        using OpStateHold state = TdState.Check(c, tdr.View, LockMode.Shared);
        if (state.Failed) return state.Status;

        TdSept sept = new(c, tdr.View);
        if (!GpaMapping.TryParse(mapping, 1, sept.TopLevel, out GpaMapping at))
            return TdxStatus.OperandInvalid.With(OperandId.Rcx);
        TdxStatus found = sept.Lock(at, LockMode.Exclusive, out SeptSlot slot);
        if (found.IsError) return found;
        if (!sept.Allows(slot)) return sept.Refuse(TdxStatus.EptEntryStateIncorrect, slot);

        var address = new Hpa(slot.Entry.TableAddress);
        using PageHold page = PageHold.OfEntry(c, address, PageLevel.Page4K, LockMode.Exclusive, OperandId.Rcx);
        if (page.Failed) return page.Status;
        TdxStatus tracked = sept.CheckTracked(slot, page.Entry.Bepoch);
        if (tracked.IsError) return tracked;
        if (!sept.Tree.AllFree(sept.Tree.PageOf(slot.Entry))) return sept.Refuse(TdxStatus.EptPageNotFree, slot);
        using L2SeptPages l2 = L2SeptPages.Of(c, sept.Tdcs, slot, at);
        if (l2.Failed) return l2.Status;

        // Commit: from here on the leaf cannot fail.
        l2.Free(tdr.View);
        SeptEntryLock.Store(c.P, slot, SeptEntry.Free);
        page.Become(PageType.Nda);
        tdr.View.AddChildren(-1);
        c.Rcx = address.Value;
        if (c.Version == 1) (c.R9, c.R10, c.R11) = (l2.AddressOf(1), l2.AddressOf(2), l2.AddressOf(3));
        return TdxStatus.Success;
    }
}

using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.MEM.PAGE.AUG (leaf 6) — give a TD a page that it must accept. TDX Module 1.5 ABI, "TDH.MEM.PAGE.AUG Leaf".
/// The page's content is not touched here: TDG.MEM.PAGE.ACCEPT zeroes it.
/// </summary>
internal static class TdhMemPageAug
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
        if (!GpaMapping.TryParse(mapping, 0, 1, out GpaMapping at)) return TdxStatus.OperandInvalid.With(OperandId.Rcx);
        TdxStatus found = sept.Lock(at, LockMode.Shared, out SeptSlot slot);
        if (found.IsError) return found;
        if (!sept.Allows(slot)) return sept.Refuse(TdxStatus.EptEntryStateIncorrect, slot);

        var size = (PageLevel)at.Level;
        using PageHold page = PageHold.OfPage(c, (Hpa)c.R8, OperandId.R8, LockMode.Exclusive, PageType.Nda, size);
        if (page.Failed) return page.Status;
        if (size == PageLevel.Page2M && !page.AllChildrenAre(PageType.Nda))
            return TdxStatus.PageMetadataIncorrect.With(OperandId.R8);

        // Commit: from here on the leaf cannot fail.
        page.Become(PageType.Reg, tdr.Address);
        tdr.View.AddChildren(GpaMapping.PagesAt(at.Level));
        SeptEntryLock.Store(c.P, slot, SeptEntry.Leaf(SeptState.PENDING, page.Address.Value));
        return TdxStatus.Success;
    }
}

using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.MEM.PAGE.ADD (leaf 2) — add a measured 4-KiB page while the TD is built. TDX Module 1.5 ABI,
/// "TDH.MEM.PAGE.ADD Leaf".
/// </summary>
internal static class TdhMemPageAdd
{
    /// <summary>Runs the leaf.</summary>
    public static LeafEnd Execute(LeafCall c)
    {
        (ulong mapping, ulong tdrPa, ulong sourcePa) = (c.Rcx, c.Rdx, c.R9);
        (c.Rcx, c.Rdx) = (0, 0);

        using PageHold tdr = PageHold.OfTdr(c, (Hpa)tdrPa, OperandId.Rdx, LockMode.Exclusive);
        if (tdr.Failed) return tdr.Status;
        using OpStateHold state = TdState.Check(c, tdr.View, LockMode.None);
        if (state.Failed) return state.Status;

        TdSept sept = new(c, tdr.View);
        if (!GpaMapping.TryParse(mapping, 0, 0, out GpaMapping at)) return TdxStatus.OperandInvalid.With(OperandId.Rcx);
        if (!TdSept.IsPrivate(sept.Tdcs, at.Gpa))                   return TdxStatus.OperandInvalid.With(OperandId.Rcx);
        TdxStatus found = sept.Find(at, out SeptSlot slot);
        if (found.IsError) return found;
        if (!sept.Allows(slot)) return sept.Refuse(TdxStatus.EptEntryStateIncorrect, slot);

        TdxStatus source = SharedBuffer.Check(c, sourcePa, PageBytes, OperandId.R9);
        if (source.IsError) return source;
        using PageHold page = PageHold.OfFreePage(c, (Hpa)c.R8, OperandId.R8);
        if (page.Failed) return page.Status;

        // Commit: from here on the leaf cannot fail.
        c.P.CopyPage(tdr.View.Private(page.Address), (Hpa)sourcePa);
        page.Become(PageType.Reg, tdr.Address);
        tdr.View.AddChildren(1);
        c.P.Write(slot.Address, SeptEntry.Leaf(SeptState.MAPPED, page.Address.Value).Raw);
        new MrTd(c.P, sept.Tdcs.Sha384Context).AddPage(at.Gpa);
        return TdxStatus.Success;
    }

    private const ulong PageBytes = 4096;
}

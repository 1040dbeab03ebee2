using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>TDH.VP.CREATE (leaf 10) — add a TDVPR page. TDX Module 1.5 ABI, "TDH.VP.CREATE Leaf".</summary>
internal static class TdhVpCreate
{
    public static LeafEnd Execute(LeafCall c)
    {
        using PageHold tdr = PageHold.OfTdr(c, (Hpa)c.Rdx, OperandId.Rdx, LockMode.Shared);
        if (tdr.Failed)   return tdr.Status;
        using OpStateHold state = TdState.Check(c, tdr.View, LockMode.Shared);
        if (state.Failed) return state.Status;
        using PageHold page = PageHold.OfFreePage(c, (Hpa)c.Rcx, OperandId.Rcx);
        if (page.Failed)  return page.Status;

        Tdr td = tdr.View;
        Hpa tdvpr = td.Private(page.Address);
        c.P.FillPage(tdvpr, 0);
        Tdvps tdvps = new(c.P, tdvpr) { NumPages = 1, AssocLpid = Tdvps.NotAssociated };
        tdvps.SetPage(0, tdvpr);
        td.AddChildren(1);
        page.Become(PageType.Tdvpr, tdr.Address);
        return TdxStatus.Success;
    }
}

using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>TDH.VP.ADDCX (leaf 4) — add the next TDVPS page. TDX Module 1.5 ABI, "TDH.VP.ADDCX Leaf".</summary>
internal static class TdhVpAddCx
{
    public static LeafEnd Execute(LeafCall c)
    {
        using PageHold tdvpr = PageHold.OfPage(c, (Hpa)c.Rdx, OperandId.Rdx, LockMode.Exclusive, PageType.Tdvpr);
        if (tdvpr.Failed)                             return tdvpr.Status;
        using PageHold tdr = PageHold.OfOwner(c, tdvpr, LockMode.Shared);
        if (tdr.Failed)                               return tdr.Status;
        using OpStateHold state = TdState.Check(c, tdr.View, LockMode.Shared);
        if (state.Failed)                             return state.Status;

        Tdr td = tdr.View;
        Tdvps tdvps = new(c.P, td.Private(tdvpr.Address));
        if (tdvps.State != VcpuState.Uninitialized)   return TdxStatus.VcpuStateIncorrect;
        int index = tdvps.NumPages;
        if (index >= Tdvps.MaxPages)                  return TdxStatus.TdcxNumIncorrect;
        using PageHold page = PageHold.OfFreePage(c, (Hpa)c.Rcx, OperandId.Rcx);
        if (page.Failed)                              return page.Status;

        Hpa added = td.Private(page.Address);
        c.P.FillPage(added, IsL2MsrBitmap(index) ? ulong.MaxValue : 0);
        tdvps.SetPage(index, added);
        tdvps.NumPages = index + 1;
        td.AddChildren(1);
        page.Become(PageType.Tdcx, tdr.Address);
        return TdxStatus.Success;
    }

    // Of the three pages of an L2 VM the first is its VMCS; its MSR bitmap and shadow bitmap exit on everything at
    // first.
    private static bool IsL2MsrBitmap(int index) =>
        index >= Tdvps.BasePages && (index - Tdvps.BasePages) % Tdvps.PagesPerL2Vm != 0;
}

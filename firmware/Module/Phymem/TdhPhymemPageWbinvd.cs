using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.PHYMEM.PAGE.WBINVD (leaf 41) — write back and invalidate a page through a given HKID. TDX Module 1.5 ABI,
/// "TDH.PHYMEM.PAGE.WBINVD Leaf".
/// </summary>
internal static class TdhPhymemPageWbinvd
{
    public static LeafEnd Execute(LeafCall c)
    {
        ulong keyBits = (1UL << c.P.Keys.PhysicalAddressBits) - 1 & ~c.P.Keys.AddressMask;
        using PageHold hold = PageHold.OfPage(
            c, new Hpa(c.Rcx & ~keyBits), OperandId.Rcx, LockMode.Shared, PageType.Nda);
        if (hold.Failed) return hold.Status;

        c.P.FlushPage(new Hpa(c.Rcx));
        return TdxStatus.Success;
    }
}

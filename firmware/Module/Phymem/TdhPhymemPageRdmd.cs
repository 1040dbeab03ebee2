using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.PHYMEM.PAGE.RDMD (leaf 24) — read a page's metadata. TDX Module 1.5 ABI, "TDH.PHYMEM.PAGE.RDMD Leaf".
/// </summary>
internal static class TdhPhymemPageRdmd
{
    public static LeafEnd Execute(LeafCall c)
    {
        Hpa page = (Hpa)c.Rcx;
        (c.Rcx, c.Rdx, c.R8, c.R9, c.R10, c.R11) = (0, 0, 0, 0, 0, 0);

        using PageHold hold = PageHold.OfAnyPage(c, page, OperandId.Rcx, LockMode.Shared);
        if (hold.Failed) return hold.Status;

        PageType type = hold.Entry.Type;
        c.Rcx = (ulong)type;
        c.Rdx = hold.Entry.Owner.Value;
        c.R8 = (ulong)hold.Level;
        if (type is PageType.Reg or PageType.Ept)
            c.R9 = hold.Entry.Bepoch;
        return TdxStatus.Success;
    }
}

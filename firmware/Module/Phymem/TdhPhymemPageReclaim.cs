using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.PHYMEM.PAGE.RECLAIM (leaf 28) — give a page of a torn-down TD back to the host. TDX Module 1.5 ABI,
/// "TDH.PHYMEM.PAGE.RECLAIM Leaf".
/// </summary>
internal static class TdhPhymemPageReclaim
{
    public static LeafEnd Execute(LeafCall c)
    {
        Hpa page = (Hpa)c.Rcx;
        (c.Rcx, c.Rdx, c.R8, c.R9, c.R10, c.R11) = (0, 0, 0, 0, 0, 0);

        using PageHold hold = PageHold.OfAnyPage(c, page, OperandId.Rcx, LockMode.Exclusive);
        if (hold.Failed)                             return hold.Status;
        PageType type = hold.Entry.Type;
        if (type is PageType.Nda or PageType.Rsvd)   return TdxStatus.PageMetadataIncorrect.With(OperandId.Rcx);

        // From here on the outputs are there even when the leaf fails.
        c.Rcx = (ulong)type;
        c.Rdx = hold.Entry.Owner.Value;
        c.R8 = (ulong)hold.Level;
        if ((page.Value & (1UL << PamtIndex.Shift(hold.Level)) - 1) != 0)
            return TdxStatus.OperandInvalid.With(OperandId.Rcx);

        TdxStatus status = type == PageType.Tdr ? CheckTdr(hold.View) : ReleaseFromOwner(c, hold);
        if (status.IsError)
            return status;

        // Commit.
        hold.Become(PageType.Nda);
        return TdxStatus.Success;
    }

    private static TdxStatus CheckTdr(Tdr tdr) =>
        tdr.Lifecycle != Lifecycle.Teardown ? TdxStatus.LifecycleStateIncorrect
        : tdr.ChldCnt != 0                  ? TdxStatus.TdAssociatedPagesExist
        :                                     TdxStatus.Success;

    private static TdxStatus ReleaseFromOwner(LeafCall c, PageHold page)
    {
        using PageHold owner = PageHold.OfOwner(c, page, LockMode.Shared);
        if (owner.Failed)                            return owner.Status;
        Tdr tdr = owner.View;
        if (tdr.Lifecycle != Lifecycle.Teardown)     return TdxStatus.LifecycleStateIncorrect;
        tdr.AddChildren(-(1L << 9 * (int)page.Level));
        return TdxStatus.Success;
    }
}

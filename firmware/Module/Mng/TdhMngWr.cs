using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>TDH.MNG.WR (leaf 13) — write a TD-scope metadata field. TDX Module 1.5 ABI, "TDH.MNG.WR Leaf".</summary>
internal static class TdhMngWr
{
    public static LeafEnd Execute(LeafCall c)
    {
        ulong data = c.R8;
        c.R8 = 0;

        using PageHold hold = PageHold.OfTdr(c, (Hpa)c.Rcx, OperandId.Rcx, LockMode.Shared);
        if (hold.Failed)    return hold.Status;
        using OpStateHold state = TdState.Check(c, hold.View, LockMode.Shared);
        if (state.Failed)   return state.Status;

        TdMetadataContext context = TdMetadataContext.ForHost(c, hold.View);
        return FieldAccess.Write(c, context, data);
    }
}

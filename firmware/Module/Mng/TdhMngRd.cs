using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>TDH.MNG.RD (leaf 11) — read a TD-scope metadata field. TDX Module 1.5 ABI, "TDH.MNG.RD Leaf".</summary>
internal static class TdhMngRd
{
    public static LeafEnd Execute(LeafCall c)
    {
        ulong operand = c.Rdx;
        bool enumerates = c.Version != 0;
        c.R8 = 0;
        if (enumerates)
            c.Rdx = FieldId.Null.Value;

        if (c.Version > 1)  return TdxStatus.OperandInvalid.With(OperandId.Rax);
        using PageHold hold = PageHold.OfTdr(c, (Hpa)c.Rcx, OperandId.Rcx, LockMode.Shared);
        if (hold.Failed)    return hold.Status;
        using OpStateHold state = TdState.Check(c, hold.View, LockMode.Shared);
        if (state.Failed)   return state.Status;

        TdMetadataContext context = TdMetadataContext.ForHost(c, hold.View);
        return FieldAccess.Read(c, context, operand, enumerates);
    }
}

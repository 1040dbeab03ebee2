using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>TDH.VP.RD (leaf 26) — read a VCPU-scope metadata field. TDX Module 1.5 ABI, "TDH.VP.RD Leaf".</summary>
internal static class TdhVpRd
{
    public static LeafEnd Execute(LeafCall c)
    {
        ulong operand = c.Rdx;
        bool enumerates = c.Version != 0;
        c.R8 = 0;
        if (enumerates)
            c.Rdx = FieldId.Null.Value;

        if (c.Version > 1)  return TdxStatus.OperandInvalid.With(OperandId.Rax);
        using HeldVcpu held = HeldVcpu.Of(c, allowDisabled: true);
        if (held.Failed)    return held.Status;

        MetadataContext context = held.Metadata();
        return FieldAccess.Read(c, context, operand, enumerates);
    }
}

using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDG.VP.RD (leaf 9) — read a VCPU-scope metadata field. TDX Module 1.5 ABI, "TDG.VP.RD Leaf". It enumerates although
/// it only has version 0.
/// </summary>
internal static class TdgVpRd
{
    public static GuestLeafEnd Execute(GuestCall g)
    {
        LeafCall c = g.Call;
        ulong operand = c.Rdx;
        (c.R8, c.Rdx) = (0, FieldId.Null.Value);
        if (c.Rcx != 0) return TdxStatus.OperandInvalid.With(OperandId.Rcx);
        return FieldAccess.Read(
            c, new VcpuMetadataContext(c, g.Tdr, g.Tdvps, MetadataCaller.Guest), operand, enumerates: true);
    }
}

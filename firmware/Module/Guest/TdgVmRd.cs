using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>TDG.VM.RD (leaf 7) — read a TD-scope metadata field. TDX Module 1.5 ABI, "TDG.VM.RD Leaf".</summary>
internal static class TdgVmRd
{
    public static GuestLeafEnd Execute(GuestCall g)
    {
        LeafCall c = g.Call;
        ulong operand = c.Rdx;
        bool enumerates = c.Version != 0;
        c.R8 = 0;
        if (enumerates)
            c.Rdx = FieldId.Null.Value;
        if (c.Version > 1) return TdxStatus.OperandInvalid.With(OperandId.Rax);
        if (c.Rcx != 0)    return TdxStatus.OperandInvalid.With(OperandId.Rcx);
        return FieldAccess.Read(c, new TdMetadataContext(c, g.Tdr, MetadataCaller.Guest), operand, enumerates);
    }
}

using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>TDG.SYS.RD (leaf 11) — read a system-scope metadata field. TDX Module 1.5 ABI, "TDG.SYS.RD Leaf".</summary>
internal static class TdgSysRd
{
    public static GuestLeafEnd Execute(GuestCall g)
    {
        LeafCall c = g.Call;
        ulong operand = c.Rdx;
        (c.R8, c.Rdx) = (0, FieldId.Null.Value);
        return FieldAccess.Read(c, new SystemMetadataContext(c, MetadataCaller.Guest), operand, enumerates: true);
    }
}

using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>TDH.SYS.RD (leaf 34) — read a system-scope metadata field. TDX Module 1.5 ABI, "TDH.SYS.RD Leaf".</summary>
internal static class TdhSysRd
{
    public static LeafEnd Execute(LeafCall c)
    {
        ulong operand = c.Rdx;
        (c.Rdx, c.R8) = (FieldId.Null.Value, 0);

        if (!c.Data.Lp.Initialized) return TdxStatus.SysLpInitNotDone;
        SystemMetadataContext context = new(c, MetadataCaller.Host);
        return FieldAccess.Read(c, context, operand, enumerates: true);
    }
}

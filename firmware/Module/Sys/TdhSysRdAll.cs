using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.SYS.RDALL (leaf 37) — system-scope metadata as a list. TDX Module 1.5 ABI, "TDH.SYS.RDALL Leaf".
/// </summary>
internal static class TdhSysRdAll
{
    public static LeafEnd Execute(LeafCall c)
    {
        FieldId start = new(c.R8);
        c.R8 = FieldId.Null.Value;

        if (!c.Data.Lp.Initialized) return TdxStatus.SysLpInitNotDone;
        if (SharedBuffer.Check(c, c.Rdx, MetadataList.Bytes, OperandId.Rdx) is { IsError: true } rdx) return rdx;
        return MetadataList.Dump(c, new SystemMetadataContext(c, MetadataCaller.Host), start, new Hpa(c.Rdx));
    }
}

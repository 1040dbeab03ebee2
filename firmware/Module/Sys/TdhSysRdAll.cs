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
        ulong start = c.R8;
        c.R8 = FieldId.Null.Value;

        if (!c.Data.Lp.Initialized) return TdxStatus.SysLpInitNotDone;
        if (SharedBuffer.Check(c, c.Rdx, MetadataList.Bytes, OperandId.Rdx) is { IsError: true } rdx) return rdx;
        SystemMetadataContext context = new(c, MetadataCaller.Host);
        if (!MetadataList.TryStart(context, new FieldId(start), out int first))
            return TdxStatus.MetadataFieldIdIncorrect;

        Span<byte> list = stackalloc byte[MetadataList.Bytes];
        FieldId next = MetadataList.Write(context, first, list);
        c.P.WriteBytes(new Hpa(c.Rdx), list);
        c.R8 = next.Value;
        return next == FieldId.Null ? TdxStatus.Success : TdxStatus.MetadataListOverflow;
    }
}

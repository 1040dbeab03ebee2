using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDG.SYS.RDALL (leaf 12) — the system-scope metadata a guest may read, as a list. TDX Module 1.5 ABI,
/// "TDG.SYS.RDALL Leaf".
/// </summary>
internal static class TdgSysRdAll
{
    private const ulong Alignment = MetadataList.Bytes;

    public static GuestLeafEnd Execute(GuestCall g)
    {
        LeafCall c = g.Call;
        FieldId start = new(c.R8);
        c.R8 = FieldId.Null.Value;

        if ((c.Rdx & (Alignment - 1)) != 0) return TdxStatus.OperandInvalid.With(OperandId.Rdx);
        GuestBuffer list = GuestBuffer.Map(g, new Gpa(c.Rdx), OperandId.Rdx, write: true, privateOnly: true);
        if (list.End is { } end)
        {
            // The guest executes TDCALL again, with the operands it had.
            if (end.Kind != GuestLeafEndKind.Completed)
                c.R8 = start.Value;
            return end;
        }
        return MetadataList.Dump(c, new SystemMetadataContext(c, MetadataCaller.Guest), start, list.Address);
    }
}

using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>System scope: TDH.SYS.RD, TDH.SYS.RDALL, TDG.SYS.RD, TDG.SYS.RDALL.</summary>
internal sealed class SystemMetadataContext(LeafCall call, MetadataCaller caller)
    : MetadataContext(call, FieldContext.System, call.Tables.SystemMetadata, caller)
{
    public override TdxStatus Fetch(MetadataField field, FieldId id, out ulong value)
    {
        value = SystemMetadata.Value(Call, field, field.ElementOf(id));
        return TdxStatus.Success;
    }
}

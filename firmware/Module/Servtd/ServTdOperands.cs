using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>The operands that name a binding: R8 slot, R9 type, R10 attributes.</summary>
/// <param name="Slot">Position in SERVTD_BINDINGS_TABLE.</param>
/// <param name="Type">SERVTD_TYPE.</param>
/// <param name="Attributes">SERVTD_ATTR.</param>
internal readonly record struct ServTdOperands(ulong Slot, ulong Type, ulong Attributes)
{
    private const ulong MigrationTd = 0;

    /// <summary>As the caller gave them.</summary>
    public static ServTdOperands Of(LeafCall c) => new(c.R8, c.R9, c.R10);

    /// <summary>Slot, type and attributes, in this order. The only type there is is the migration TD's.</summary>
    public TdxStatus Check(LeafCall c)
    {
        if (Slot >= SystemMetadata.Value(c, "MAX_SERV_TDS")) return TdxStatus.OperandInvalid.With(OperandId.R8);
        if (Type != MigrationTd)                             return TdxStatus.OperandInvalid.With(OperandId.R9);
        ulong allowed = SystemMetadata.Value(c, "SERVTD_ATTR_FIXED0");
        ulong needed = SystemMetadata.Value(c, "SERVTD_ATTR_FIXED1");
        return (Attributes & ~allowed) != 0 || (Attributes & needed) != needed
            ? TdxStatus.OperandInvalid.With(OperandId.R10)
            : TdxStatus.Success;
    }

    /// <summary>Writes them and the state that goes with them to a TD's slot; a free one counts from now on.</summary>
    public void Store(Tdcs tdcs, ServTdState state)
    {
        ServTdBinding binding = tdcs.ServTdBinding;
        if (binding.State == ServTdState.NotBound)
            tdcs.ServTdNum++;
        binding.Type = (ushort)Type;
        binding.Attributes = Attributes;
        binding.State = state;
    }
}

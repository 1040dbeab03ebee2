using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Ports;

namespace Seamsim.Firmware.Module;

/// <summary>TD scope: TDH.MNG.RD, TDH.MNG.WR, TDG.VM.RD, TDG.VM.WR. Values lie in the TDR and the TDCS.</summary>
internal sealed class TdMetadataContext(LeafCall call, Tdr tdr, MetadataCaller caller)
    : MetadataContext(call, FieldContext.Td, call.Tables.TdMetadata, caller)
{
    private const byte LastTdrClass = 2, CpuidClass = 0x14;
    private const ulong MinHpLockTimeout = 10_000, MaxHpLockTimeout = 100_000_000;

    /// <summary>The host's masks depend on the TD being a debug TD.</summary>
    public static TdMetadataContext ForHost(LeafCall call, Tdr tdr) =>
        new(call, tdr, tdr.Tdcs.IsDebug ? MetadataCaller.DebugHost : MetadataCaller.Host);

    public override TdxStatus Find(FieldId id, out MetadataField field)
    {
        if (id.Class == CpuidClass && id.NonArchitectural)
            return FindCpuid(id, out field);
        TdxStatus status = base.Find(id, out field);
        return status.IsError || Exists(field) ? status : TdxStatus.MetadataFieldIdIncorrect;
    }

    // The SEPT root of an L2 VM exists with the VM.
    public override bool Exists(MetadataField field) =>
        L2Class.VmOf(field.Id.Class) is var vm && (vm == 0 || vm <= tdr.Tdcs.NumL2Vms);

    public override TdxStatus Fetch(MetadataField field, FieldId id, out ulong value)
    {
        if (field.Name == "NUM_CPUID_VALUES")
            value = (ulong)Call.Tables.Cpuid.Entries.Count(entry => !entry.Faulting);
        else if (id.Class == CpuidClass)
            value = CpuidValue(id);
        else
            value = MetadataCell.Read(Call.P, Place(field, id), field.Id.ElementBytes);
        return TdxStatus.Success;
    }

    public override TdxStatus Validate(MetadataField field, ulong old, ulong value, ulong requestMask)
    {
        switch (field.Name)
        {
            case "HP_LOCK_TIMEOUT":
                if (requestMask != ulong.MaxValue)
                    return TdxStatus.MetadataWrMaskNotValid;
                return value is < MinHpLockTimeout or > MaxHpLockTimeout
                    ? TdxStatus.MetadataFieldValueNotValid
                    : TdxStatus.Success;
            case "TD_CTLS" when Caller == MetadataCaller.Guest:
                bool flexible = (tdr.Tdcs.ConfigFlags & ConfigFlags.FlexiblePendingVe) != 0;
                return ((old ^ value) & 1) != 0 && !flexible
                    ? TdxStatus.MetadataFieldValueNotValid
                    : TdxStatus.Success;
            default:
                return TdxStatus.Success;
        }
    }

    public override TdxStatus Store(MetadataField field, FieldId id, ulong old, ulong value) =>
        MetadataCell.TryExchange(Call.P, Place(field, id), field.Id.ElementBytes, old, value)
            ? TdxStatus.Success
            : TdxStatus.OperandBusy.With(OperandId.MetadataField);

    public override FieldId FirstOf(MetadataField field) => field.Id.Class == CpuidClass
        ? field.Id.WithCode(CpuidFieldCode.Of(Call.Tables.Cpuid.Entries[0]).Value)
        : field.Id;

    public override FieldId? NextInField(MetadataField field, FieldId id)
    {
        if (field.Id.Class != CpuidClass)
            return base.NextInField(field, id);
        CpuidFieldCode code = new(id.Code);
        if (!code.High)
            return field.Id.WithCode(code.Value | 1);
        CpuidEntry? entry = Call.Tables.Cpuid.Find(code.Leaf, code.Subleaf);
        IReadOnlyList<CpuidEntry> entries = Call.Tables.Cpuid.Entries;
        for (int i = entry is null ? entries.Count : entry.Index + 1; i < entries.Count; i++)
            if (!entries[i].Faulting)
                return field.Id.WithCode(CpuidFieldCode.Of(entries[i]).Value);
        return null;
    }

    // CPUID_VALUES is addressed by leaf and subleaf instead of by position.
    private TdxStatus FindCpuid(FieldId id, out MetadataField field)
    {
        field = Table.Fields[Search(Table, id.WithCode(0))];
        CpuidFieldCode code = new(id.Code);
        if (!code.IsValid || Entry(code) is not { } entry)
            return TdxStatus.MetadataFieldIdIncorrect;
        Call.P.Charge(Operation.MetadataRow, entry.Index + 1);
        return entry.Faulting ? TdxStatus.MetadataFieldNotReadable : TdxStatus.Success;
    }

    private CpuidEntry? Entry(CpuidFieldCode code)
    {
        CpuidEntry? entry = Call.Tables.Cpuid.Find(code.Leaf, code.Subleaf);
        return entry is null || entry.Subleaf != code.Subleaf ? null : entry;
    }

    private ulong CpuidValue(FieldId id)
    {
        CpuidFieldCode code = new(id.Code);
        CpuidRegisters value = Cpuid.ToRegisters(tdr.Tdcs.CpuidValues(Entry(code)!.Index));
        return code.High ? value.High : value.Low;
    }

    private Hpa Place(MetadataField field, FieldId id)
    {
        int offset = field.Offset + field.ElementOf(id) * field.Id.ElementBytes;
        return field.Id.Class <= LastTdrClass ? tdr.Field(offset) : tdr.Tdcs.Field(offset);
    }
}

using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Module;

/// <summary>
/// VCPU scope: TDH.VP.RD, TDH.VP.WR, TDG.VP.RD, TDG.VP.WR. Values lie in the TDVPS; those of class 0 in the TD VMCS,
/// which the caller has made current.
/// </summary>
internal sealed class VcpuMetadataContext(LeafCall call, Tdr tdr, Tdvps tdvps, MetadataCaller caller)
    : MetadataContext(call, FieldContext.Vcpu, call.Tables.VcpuMetadata, caller)
{
    private const byte VmcsClass = 0;
    private const uint NoVector = 0xFFFF, MaxVector = 0xFF, RviMask = 0xFF;
    private const ulong PostedInterrupts = 1 << 7;
    private const int VirtualPpr = 0xA0;

    /// <summary>The host's masks depend on the TD being a debug TD.</summary>
    public static VcpuMetadataContext ForHost(LeafCall call, Tdr tdr, Tdvps tdvps) =>
        new(call, tdr, tdvps, tdr.Tdcs.IsDebug ? MetadataCaller.DebugHost : MetadataCaller.Host);

    public override TdxStatus Find(FieldId id, out MetadataField field)
    {
        field = null!;
        int vm = L2Class.VmOfVcpu(id.Class);
        bool highHalf = (id.Class == VmcsClass || L2Class.IsVmcs(id.Class)) && (id.Code & 1) != 0;
        if (vm > tdr.Tdcs.NumL2Vms || highHalf)
            return TdxStatus.MetadataFieldIdIncorrect;
        if (!L2Class.IsVmcs(id.Class))
            return base.Find(id, out field);

        FieldId inTable = new(id.Value & ~(0x3FUL << 56));
        int index = Search(Call.Tables.L2VmcsMetadata, inTable);
        if (index < 0)
            return TdxStatus.MetadataFieldIdIncorrect;
        field = Call.Tables.L2VmcsMetadata.Fields[index];
        return TdxStatus.Success;
    }

    public override bool Exists(MetadataField field) =>
        L2Class.VmOfVcpu(field.Id.Class) is var vm && (vm == 0 || vm <= tdr.Tdcs.NumL2Vms);

    public override TdxStatus Fetch(MetadataField field, FieldId id, out ulong value)
    {
        if (IsVmcs(id))
            return Vmread(id, out value) ? TdxStatus.Success : TdxStatus.MetadataFieldIdIncorrect;
        value = field.Name == "VCPU_STATE_DETAILS"
            ? StateDetails()
            : MetadataCell.Read(Call.P, Place(field, id), field.Id.ElementBytes);
        return TdxStatus.Success;
    }

    public override TdxStatus Validate(MetadataField field, ulong old, ulong value, ulong requestMask)
    {
        ulong writable = MasksOf(field).Write;
        if (field.Address == MetadataAddress.SharedHpa
            && !SharedBuffer.IsValid(Call, value & writable, writable & 0 - writable))
            return TdxStatus.MetadataFieldValueNotValid;
        if (field.Address == MetadataAddress.PrivateGpa && !TdSept.IsPrivate(tdr.Tdcs, new Gpa(value)))
            return TdxStatus.MetadataFieldValueNotValid;
        if (field.Id.Class != VmcsClass)
            return TdxStatus.Success;
        return (VmcsField)field.Id.Code switch
        {
            VmcsField.PostedInterruptNotificationVector when value > MaxVector => TdxStatus.MetadataFieldValueNotValid,
            VmcsField.PinBasedControls when (value & PostedInterrupts) != 0    => CheckPostedInterrupts(),
            _                                                                  => TdxStatus.Success,
        };
    }

    public override TdxStatus Store(MetadataField field, FieldId id, ulong old, ulong value)
    {
        if (IsVmcs(id))
            return Vmwrite(id, value) ? TdxStatus.Success : TdxStatus.MetadataFieldNotWritable;
        MetadataCell.TryExchange(Call.P, Place(field, id), field.Id.ElementBytes, old, value);
        return TdxStatus.Success;
    }

    private static bool IsVmcs(FieldId id) => id.Class == VmcsClass || L2Class.IsVmcs(id.Class);

    // The vector is tested first.
    private TdxStatus CheckPostedInterrupts()
    {
        ulong vector = Call.P.Vmread(VmcsField.PostedInterruptNotificationVector);
        if ((ushort)vector == NoVector)
            return TdxStatus.TdVmcsFieldNotInitialized.With((uint)VmcsField.PostedInterruptNotificationVector);
        return Call.P.Vmread(VmcsField.PostedInterruptDescriptorAddress) == ulong.MaxValue
            ? TdxStatus.TdVmcsFieldNotInitialized.With((uint)VmcsField.PostedInterruptDescriptorAddress)
            : TdxStatus.Success;
    }

    // Bit 0: a virtual interrupt of higher priority than the virtual CPU's is pending.
    private ulong StateDetails()
    {
        Call.P.TryVmread(VmcsField.GuestInterruptStatus, out ulong status);
        uint ppr = Call.P.Read<uint>(tdvps.Page(Tdvps.VapicPage) + VirtualPpr);
        return (status & RviMask) >> 4 > (ppr & RviMask) >> 4 ? 1UL : 0;
    }

    private bool Vmread(FieldId id, out ulong value)
    {
        using VmcsSwitch scope = new(this, id);
        return Call.P.TryVmread((VmcsField)id.Code, out value);
    }

    private bool Vmwrite(FieldId id, ulong value)
    {
        using VmcsSwitch scope = new(this, id);
        return Call.P.Vmwrite((VmcsField)id.Code, value) == VmxResult.Succeed;
    }

    private Hpa Place(MetadataField field, FieldId id) =>
        tdvps.Field(field.Offset + field.ElementOf(id) * field.Id.ElementBytes);

    /// <summary>Makes the VMCS of an L2 VM current for one access.</summary>
    private readonly ref struct VmcsSwitch
    {
        private readonly VcpuMetadataContext owner;
        private readonly bool switched;

        public VmcsSwitch(VcpuMetadataContext owner, FieldId id)
        {
            this.owner = owner;
            switched = L2Class.IsVmcs(id.Class);
            if (switched)
                owner.Call.P.Vmptrld(owner.VmcsOf(L2Class.VmOfVcpu(id.Class)));
        }

        public void Dispose()
        {
            if (switched)
                owner.Call.P.Vmptrld(owner.VmcsOf(0));
        }
    }

    private Hpa VmcsOf(int vm) => tdvps.Page(Tdvps.VmcsPageOf(vm));
}

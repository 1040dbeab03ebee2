using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>Flags of virtual CPUID that other rules ask for, one byte each in the TDCS.</summary>
internal enum CpuidFlag : byte
{
    MonitorMwait, Dca, TscDeadline, Tsx, Waitpkg, Tme, Mktme, Xfd, Ddpd, La57,
}

/// <summary>
/// The TD control structure: pages scattered in memory, found through TDCX_PA, under the TD's private key.
/// TDX Module 1.5 ABI, "TDCS". Offsets count through the pages: 0x2000 is the third page.
/// </summary>
internal readonly struct Tdcs
{
    /// <summary>Pages by what they hold.</summary>
    public const int MsrBitmapPage = 2, SeptRootPage = 3, ZeroPage = 4, MigrationStreamPage = 5,
        FirstL2SeptRootPage = 6;

    /// <summary>Most L2 VMs a TD can have.</summary>
    public const int MaxL2Vms = 3;

    private const int NumVcpusOffset = 0x00, NumAssocVcpusOffset = 0x04, OpStateOffset = 0x08, OpStateLockOffset = 0x0C,
        NumL2VmsOffset = 0x10, AttributesOffset = 0x80, XfamOffset = 0x88, MaxVcpusOffset = 0x90, GpawOffset = 0x94,
        EptpOffset = 0x98, SeptLockOffset = 0xA0, TscOffsetOffset = 0xA8, TscMultiplierOffset = 0xB0,
        TscFrequencyOffset = 0xB8, CpuidFlagsOffset = 0xBC, XbuffSizeOffset = 0xDC, NotifyEnablesOffset = 0xE0,
        HpLockTimeoutOffset = 0xE8, VmCtlsOffset = 0xF0, SpecCtrlMaskOffset = 0x110, ConfigFlagsOffset = 0x118,
        TdCtlsOffset = 0x120, CpuidValidOffset = 0x134, XbuffOffsetsOffset = 0x190, TdEpochOffset = 0x200,
        RefcountOffset = 0x208, EpochLockOffset = 0x210, MrTdOffset = 0x240, MrConfigIdOffset = 0x270,
        MrOwnerOffset = 0x2A0, MrOwnerConfigOffset = 0x2D0, RtmrOffset = 0x300, TeeInfoHashOffset = 0x3C0,
        RtmrLockOffset = 0x3F0, TeeInfoHashValidOffset = 0x3F8, Sha384ContextOffset = 0x420, MigDecKeyOffset = 0x5E0,
        VirtualMsrsOffset = 0x700, VirtualArchCapabilitiesOffset = 0x778, CpuidValuesOffset = 0x800,
        ServTdHashOffset = 0xD00, ServTdNumOffset = 0xD30, ServTdLockOffset = 0xD32, ServTdBindingsOffset = 0xD90;

    private readonly ISeamPlatform p;
    private readonly Tdr tdr;
    private readonly Hpa page0;

    internal Tdcs(ISeamPlatform p, Tdr tdr)
    {
        (this.p, this.tdr) = (p, tdr);
        page0 = tdr.TdcxPa(0);
    }

    /// <summary>A TDCS page, with the TD's HKID.</summary>
    public Hpa Page(int index) => index == 0 ? page0 : tdr.TdcxPa(index);

    /// <summary>Where an offset through the pages lies.</summary>
    public Hpa Field(int offset) => Page(offset >> 12) + (ulong)(offset & 0xFFF);

    /// <summary>NUM_VCPUS.</summary>
    public uint NumVcpus
    {
        get => p.Read<uint>(page0 + NumVcpusOffset);
        set => p.Write(page0 + NumVcpusOffset, value);
    }

    /// <summary>LOCK XADD on NUM_VCPUS; returns the old value.</summary>
    public uint AddVcpus(int count) => p.FetchAdd(page0 + NumVcpusOffset, unchecked((uint)count));

    /// <summary>NUM_ASSOC_VCPUS.</summary>
    public uint NumAssocVcpus
    {
        get => p.Read<uint>(page0 + NumAssocVcpusOffset);
        set => p.Write(page0 + NumAssocVcpusOffset, value);
    }

    /// <summary>LOCK XADD on NUM_ASSOC_VCPUS; returns the old value.</summary>
    public uint AddAssocVcpus(int count) => p.FetchAdd(page0 + NumAssocVcpusOffset, unchecked((uint)count));

    /// <summary>OP_STATE.</summary>
    public OpState OpState
    {
        get => (OpState)p.Read<uint>(page0 + OpStateOffset);
        set => p.Write(page0 + OpStateOffset, (uint)value);
    }

    /// <summary>The OP_STATE lock word.</summary>
    public Hpa OpStateLock => page0 + OpStateLockOffset;

    /// <summary>NUM_L2_VMS.</summary>
    public ushort NumL2Vms
    {
        get => p.Read<ushort>(page0 + NumL2VmsOffset);
        set => p.Write(page0 + NumL2VmsOffset, value);
    }

    /// <summary>ATTRIBUTES.</summary>
    public ulong Attributes
    {
        get => p.Read<ulong>(page0 + AttributesOffset);
        set => p.Write(page0 + AttributesOffset, value);
    }

    /// <summary>Whether ATTRIBUTES.DEBUG is set.</summary>
    public bool IsDebug => (Attributes & TdAttributes.Debug) != 0;

    /// <summary>XFAM.</summary>
    public ulong Xfam
    {
        get => p.Read<ulong>(page0 + XfamOffset);
        set => p.Write(page0 + XfamOffset, value);
    }

    /// <summary>MAX_VCPUS.</summary>
    public uint MaxVcpus
    {
        get => p.Read<uint>(page0 + MaxVcpusOffset);
        set => p.Write(page0 + MaxVcpusOffset, value);
    }

    /// <summary>GPAW: true for 52-bit guest-physical addresses, false for 48-bit ones.</summary>
    public bool Gpaw
    {
        get => p.Read<byte>(page0 + GpawOffset) != 0;
        set => p.Write(page0 + GpawOffset, (byte)(value ? 1 : 0));
    }

    /// <summary>EPTP: memory type, walk length, root; HKID 0.</summary>
    public ulong Eptp
    {
        get => p.Read<ulong>(page0 + EptpOffset);
        set => p.Write(page0 + EptpOffset, value);
    }

    /// <summary>The highest SEPT level: 3 for a 4-level TD, 4 for a 5-level one.</summary>
    public int TopSeptLevel => (int)(Eptp >> 3 & 7);

    /// <summary>The SEPT tree lock word.</summary>
    public Hpa SeptLock => page0 + SeptLockOffset;

    /// <summary>TSC_OFFSET.</summary>
    public ulong TscOffset
    {
        get => p.Read<ulong>(page0 + TscOffsetOffset);
        set => p.Write(page0 + TscOffsetOffset, value);
    }

    /// <summary>TSC_MULTIPLIER, 48 fraction bits.</summary>
    public ulong TscMultiplier
    {
        get => p.Read<ulong>(page0 + TscMultiplierOffset);
        set => p.Write(page0 + TscMultiplierOffset, value);
    }

    /// <summary>TSC_FREQUENCY in units of 25 MHz.</summary>
    public ushort TscFrequency
    {
        get => p.Read<ushort>(page0 + TscFrequencyOffset);
        set => p.Write(page0 + TscFrequencyOffset, value);
    }

    /// <summary>A virtual CPUID feature other rules depend on.</summary>
    public bool Has(CpuidFlag flag) => p.Read<byte>(page0 + (ulong)(CpuidFlagsOffset + (int)flag)) != 0;

    /// <summary>Records a virtual CPUID feature.</summary>
    public void Set(CpuidFlag flag, bool value) =>
        p.Write(page0 + (ulong)(CpuidFlagsOffset + (int)flag), (byte)(value ? 1 : 0));

    /// <summary>XBUFF_SIZE in bytes.</summary>
    public uint XbuffSize
    {
        get => p.Read<uint>(page0 + XbuffSizeOffset);
        set => p.Write(page0 + XbuffSizeOffset, value);
    }

    /// <summary>XBUFF_OFFSETS: where an XSAVE component lies in the compacted buffer.</summary>
    public void SetXbuffOffset(int component, uint value) =>
        p.Write(page0 + (ulong)(XbuffOffsetsOffset + component * 4), value);

    /// <summary>NOTIFY_ENABLES.</summary>
    public ulong NotifyEnables => p.Read<ulong>(page0 + NotifyEnablesOffset);

    /// <summary>HP_LOCK_TIMEOUT in microseconds.</summary>
    public ulong HpLockTimeout
    {
        get => p.Read<ulong>(page0 + HpLockTimeoutOffset);
        set => p.Write(page0 + HpLockTimeoutOffset, value);
    }

    /// <summary>VM_CTLS of a VM (0 is L1).</summary>
    public ulong VmCtls(int vm) => p.Read<ulong>(page0 + (ulong)(VmCtlsOffset + vm * 8));

    /// <summary>Bits of IA32_SPEC_CTRL that the guest may not change.</summary>
    public ulong SpecCtrlMask
    {
        get => p.Read<ulong>(page0 + SpecCtrlMaskOffset);
        set => p.Write(page0 + SpecCtrlMaskOffset, value);
    }

    /// <summary>CONFIG_FLAGS; see <see cref="Abi.ConfigFlags"/>.</summary>
    public ulong ConfigFlags
    {
        get => p.Read<ulong>(page0 + ConfigFlagsOffset);
        set => p.Write(page0 + ConfigFlagsOffset, value);
    }

    /// <summary>TD_CTLS; bit 0 is PENDING_VE_DISABLE.</summary>
    public ulong TdCtls
    {
        get => p.Read<ulong>(page0 + TdCtlsOffset);
        set => p.Write(page0 + TdCtlsOffset, value);
    }

    /// <summary>CPUID_VALID of a lookup entry.</summary>
    public void SetCpuidValid(int lookupIndex, bool valid) =>
        p.Write(page0 + (ulong)(CpuidValidOffset + lookupIndex), (byte)(valid ? 1 : 0));

    /// <summary>TD_EPOCH.</summary>
    public ulong TdEpoch
    {
        get => p.Read<ulong>(page0 + TdEpochOffset);
        set => p.Write(page0 + TdEpochOffset, value);
    }

    /// <summary>REFCOUNT of an epoch parity: virtual CPUs that run in it.</summary>
    public ushort Refcount(int parity) => p.Read<ushort>(RefcountWord(parity));

    /// <summary>LOCK XADD on a REFCOUNT.</summary>
    public void AddRefcount(int parity, int count) => p.FetchAdd(RefcountWord(parity), unchecked((ushort)count));

    /// <summary>Clears a REFCOUNT.</summary>
    public void ClearRefcount(int parity) => p.Write<ushort>(RefcountWord(parity), 0);

    /// <summary>The TD_EPOCH lock word.</summary>
    public Hpa EpochLock => page0 + EpochLockOffset;

    /// <summary>MRTD.</summary>
    public Hpa MrTd => page0 + MrTdOffset;

    /// <summary>MRCONFIGID.</summary>
    public Hpa MrConfigId => page0 + MrConfigIdOffset;

    /// <summary>MROWNER.</summary>
    public Hpa MrOwner => page0 + MrOwnerOffset;

    /// <summary>MROWNERCONFIG.</summary>
    public Hpa MrOwnerConfig => page0 + MrOwnerConfigOffset;

    /// <summary>RTMR 0..3.</summary>
    public Hpa Rtmr(int index) => page0 + (ulong)(RtmrOffset + index * 48);

    /// <summary>The cached TEE_INFO_HASH.</summary>
    public Hpa TeeInfoHash => page0 + TeeInfoHashOffset;

    /// <summary>The RTMR lock word.</summary>
    public Hpa RtmrLock => page0 + RtmrLockOffset;

    /// <summary>Whether the cached TEE_INFO_HASH is current.</summary>
    public bool TeeInfoHashValid
    {
        get => p.Read<byte>(page0 + TeeInfoHashValidOffset) != 0;
        set => p.Write(page0 + TeeInfoHashValidOffset, (byte)(value ? 1 : 0));
    }

    /// <summary>The running SHA-384 context of MRTD.</summary>
    public Hpa Sha384Context => page0 + Sha384ContextOffset;

    /// <summary>One qword of MIG_ENC_KEY.</summary>
    public void SetMigEncKey(int word, ulong value) => p.Write(page0 + (ulong)(MigDecKeyOffset + word * 8), value);

    /// <summary>A virtual VMX MSR, in the order of the TDCS.</summary>
    public void SetVirtualMsr(int index, ulong value) =>
        p.Write(page0 + (ulong)(VirtualMsrsOffset + index * 8), value);

    /// <summary>IA32_ARCH_CAPABILITIES as the TD sees it.</summary>
    public ulong VirtualArchCapabilities
    {
        get => p.Read<ulong>(page0 + VirtualArchCapabilitiesOffset);
        set => p.Write(page0 + VirtualArchCapabilitiesOffset, value);
    }

    /// <summary>CPUID_VALUES of a lookup entry, the dynamic bits not yet applied.</summary>
    public CpuidResult CpuidValues(int lookupIndex)
    {
        Hpa at = page0 + (ulong)(CpuidValuesOffset + lookupIndex * 16);
        ulong low = p.Read<ulong>(at), high = p.Read<ulong>(at + 8);
        return new CpuidResult((uint)low, (uint)(low >> 32), (uint)high, (uint)(high >> 32));
    }

    /// <summary>Sets CPUID_VALUES of a lookup entry.</summary>
    public void SetCpuidValues(int lookupIndex, CpuidResult value)
    {
        p.Charge(Operation.CpuidValue);
        Hpa at = page0 + (ulong)(CpuidValuesOffset + lookupIndex * 16);
        p.Write(at, value.Eax | (ulong)value.Ebx << 32);
        p.Write(at + 8, value.Ecx | (ulong)value.Edx << 32);
    }

    /// <summary>SERVTD_HASH.</summary>
    public Hpa ServTdHash => page0 + ServTdHashOffset;

    /// <summary>SERVTD_NUM: slots of the table that are not free.</summary>
    public ushort ServTdNum
    {
        get => p.Read<ushort>(page0 + ServTdNumOffset);
        set => p.Write(page0 + ServTdNumOffset, value);
    }

    /// <summary>The lock word of SERVTD_BINDINGS_TABLE.</summary>
    public Hpa ServTdBindingsLock => page0 + ServTdLockOffset;

    /// <summary>SERVTD_BINDINGS_TABLE, which has one slot in this version.</summary>
    public ServTdBinding ServTdBinding => new(p, page0 + ServTdBindingsOffset);

    private Hpa RefcountWord(int parity) => page0 + (ulong)(RefcountOffset + (parity & 1) * 2);
}

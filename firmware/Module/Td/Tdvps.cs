using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// The virtual CPU's state: TDVPR and the pages TDVPS_PAGE_PA names, under the TD's private key. TDX Module 1.5 ABI,
/// "TDVPS". Offsets count through the pages: 0x1000 is the TD VMCS.
/// </summary>
internal readonly struct Tdvps(ISeamPlatform p, Hpa tdvpr)
{
    /// <summary>Pages by what they hold.</summary>
    public const int VmcsPage = 1, VapicPage = 2, FirstXbuffPage = 3, BasePages = 6, PagesPerL2Vm = 3, MaxPages = 15;

    /// <summary>The page that is the VMCS of L1 (0) or of an L2 VM.</summary>
    public static int VmcsPageOf(int vm) => vm == 0 ? VmcsPage : BasePages + PagesPerL2Vm * (vm - 1);

    /// <summary>ASSOC_LPID of a virtual CPU that is associated with no logical processor.</summary>
    public const uint NotAssociated = uint.MaxValue;

    /// <summary>Entries of LAST_EPF_GPA_LIST.</summary>
    public const int EpfListEntries = 32;

    private const int StateOffset = 0x100, LastTdExitOffset = 0x101, VcpuIndexOffset = 0x102, NumPagesOffset = 0x107,
        PagePaOffset = 0x108, AssocLpidOffset = 0x1C8, VcpuEpochOffset = 0x1D0, CpuidSupervisorVeOffset = 0x1D8,
        CpuidUserVeOffset = 0x1D9, LastExitTscOffset = 0x1E0, PendNmiOffset = 0x1E8, NmiUnblockingOffset = 0x1E9,
        XfamOffset = 0x1F0, EpfListIndexOffset = 0x1F8, EpfSteppingOffset = 0x1F9, HpLockBusyStartOffset = 0x200,
        HpLockBusyOffset = 0x208, CurrVmOffset = 0x216, L2ExitHostRoutedOffset = 0x218, VmLaunchedOffset = 0x21A,
        LpDepHpaUpdatedOffset = 0x21E, ModuleDepUpdatedOffset = 0x222, EpfListOffset = 0x700,
        CpuidControlOffset = 0x900, GprOffset = 0x980, DrOffset = 0xA00, Dr6Offset = 0xA20, Xcr0Offset = 0xA28,
        Cr2Offset = 0xA30, StateDetailsOffset = 0xA78;

    /// <summary>The first page (TDVPR), with the TD's HKID.</summary>
    public Hpa Tdvpr => tdvpr;

    /// <summary>A page by index, with the TD's HKID.</summary>
    public Hpa Page(int index) => index == 0 ? tdvpr : new Hpa(p.Read<ulong>(PagePaField(index)));

    /// <summary>Sets TDVPS_PAGE_PA.</summary>
    public void SetPage(int index, Hpa page) => p.Write(PagePaField(index), page.Value);

    /// <summary>Where an offset through the pages lies.</summary>
    public Hpa Field(int offset) => Page(offset >> 12) + (ulong)(offset & 0xFFF);

    /// <summary>NUM_TDVPS_PAGES.</summary>
    public int NumPages
    {
        get => p.Read<byte>(tdvpr + NumPagesOffset);
        set => p.Write(tdvpr + NumPagesOffset, (byte)value);
    }

    /// <summary>VCPU_STATE.</summary>
    public VcpuState State
    {
        get => (VcpuState)p.Read<byte>(tdvpr + StateOffset);
        set => p.Write(tdvpr + StateOffset, (byte)value);
    }

    /// <summary>LAST_TD_EXIT.</summary>
    public LastTdExit LastTdExit
    {
        get => (LastTdExit)p.Read<byte>(tdvpr + LastTdExitOffset);
        set => p.Write(tdvpr + LastTdExitOffset, (byte)value);
    }

    /// <summary>VCPU_INDEX (not naturally aligned).</summary>
    public uint VcpuIndex
    {
        get => ReadUnaligned(VcpuIndexOffset);
        set => WriteUnaligned(VcpuIndexOffset, value);
    }

    /// <summary>ASSOC_LPID.</summary>
    public uint AssocLpid
    {
        get => p.Read<uint>(tdvpr + AssocLpidOffset);
        set => p.Write(tdvpr + AssocLpidOffset, value);
    }

    /// <summary>LOCK CMPXCHG on ASSOC_LPID; returns the old value.</summary>
    public uint ExchangeAssocLpid(uint expected, uint value) =>
        p.CompareExchange(tdvpr + AssocLpidOffset, expected, value);

    /// <summary>VCPU_EPOCH.</summary>
    public ulong VcpuEpoch
    {
        get => p.Read<ulong>(tdvpr + VcpuEpochOffset);
        set => p.Write(tdvpr + VcpuEpochOffset, value);
    }

    /// <summary>CPUID_SUPERVISOR_VE.</summary>
    public bool CpuidSupervisorVe
    {
        get => p.Read<byte>(tdvpr + CpuidSupervisorVeOffset) != 0;
        set => p.Write(tdvpr + CpuidSupervisorVeOffset, (byte)(value ? 1 : 0));
    }

    /// <summary>CPUID_USER_VE.</summary>
    public bool CpuidUserVe
    {
        get => p.Read<byte>(tdvpr + CpuidUserVeOffset) != 0;
        set => p.Write(tdvpr + CpuidUserVeOffset, (byte)(value ? 1 : 0));
    }

    /// <summary>CPUID_CONTROL of a lookup entry: bit 0 supervisor #VE, bit 1 user #VE.</summary>
    public byte CpuidControl(int lookupIndex) => p.Read<byte>(tdvpr + (ulong)(CpuidControlOffset + lookupIndex));

    /// <summary>LAST_EXIT_TSC.</summary>
    public ulong LastExitTsc
    {
        get => p.Read<ulong>(tdvpr + LastExitTscOffset);
        set => p.Write(tdvpr + LastExitTscOffset, value);
    }

    /// <summary>PEND_NMI.</summary>
    public bool PendNmi
    {
        get => p.Read<byte>(tdvpr + PendNmiOffset) != 0;
        set => p.Write(tdvpr + PendNmiOffset, (byte)(value ? 1 : 0));
    }

    /// <summary>NMI_UNBLOCKING_DUE_TO_IRET.</summary>
    public bool NmiUnblocking
    {
        get => p.Read<byte>(tdvpr + NmiUnblockingOffset) != 0;
        set => p.Write(tdvpr + NmiUnblockingOffset, (byte)(value ? 1 : 0));
    }

    /// <summary>XFAM, a copy of the TD's.</summary>
    public ulong Xfam
    {
        get => p.Read<ulong>(tdvpr + XfamOffset);
        set => p.Write(tdvpr + XfamOffset, value);
    }

    /// <summary>LAST_EPF_GPA_LIST_IDX: entries in the zero-step list.</summary>
    public byte EpfListIndex
    {
        get => p.Read<byte>(tdvpr + EpfListIndexOffset);
        set => p.Write(tdvpr + EpfListIndexOffset, value);
    }

    /// <summary>POSSIBLY_EPF_STEPPING.</summary>
    public byte PossiblyEpfStepping
    {
        get => p.Read<byte>(tdvpr + EpfSteppingOffset);
        set => p.Write(tdvpr + EpfSteppingOffset, value);
    }

    /// <summary>An entry of LAST_EPF_GPA_LIST.</summary>
    public Hpa EpfGpaField(int index) => tdvpr + (ulong)(EpfListOffset + index * 8);

    /// <summary>HP_LOCK_BUSY_START: TSC when a host-priority lock was first found busy.</summary>
    public ulong HpLockBusyStart
    {
        get => p.Read<ulong>(tdvpr + HpLockBusyStartOffset);
        set => p.Write(tdvpr + HpLockBusyStartOffset, value);
    }

    /// <summary>HP_LOCK_BUSY.</summary>
    public bool HpLockBusy
    {
        get => p.Read<byte>(tdvpr + HpLockBusyOffset) != 0;
        set => p.Write(tdvpr + HpLockBusyOffset, (byte)(value ? 1 : 0));
    }

    /// <summary>CURR_VM: 0 is L1.</summary>
    public ushort CurrVm
    {
        get => p.Read<ushort>(tdvpr + CurrVmOffset);
        set => p.Write(tdvpr + CurrVmOffset, value);
    }

    /// <summary>L2_EXIT_HOST_ROUTING.</summary>
    public bool L2ExitHostRouted
    {
        get => p.Read<byte>(tdvpr + L2ExitHostRoutedOffset) != 0;
        set => p.Write(tdvpr + L2ExitHostRoutedOffset, (byte)(value ? 1 : 0));
    }

    /// <summary>VM_LAUNCHED of a VM.</summary>
    public bool VmLaunched(int vm) => p.Read<byte>(tdvpr + (ulong)(VmLaunchedOffset + vm)) != 0;

    /// <summary>Sets VM_LAUNCHED of a VM.</summary>
    public void SetVmLaunched(int vm, bool value) =>
        p.Write(tdvpr + (ulong)(VmLaunchedOffset + vm), (byte)(value ? 1 : 0));

    /// <summary>LP_DEPENDENT_HPA_UPDATED of a VM.</summary>
    public bool LpDependentHpaUpdated(int vm) => p.Read<byte>(tdvpr + (ulong)(LpDepHpaUpdatedOffset + vm)) != 0;

    /// <summary>Sets LP_DEPENDENT_HPA_UPDATED of a VM.</summary>
    public void SetLpDependentHpaUpdated(int vm, bool value) =>
        p.Write(tdvpr + (ulong)(LpDepHpaUpdatedOffset + vm), (byte)(value ? 1 : 0));

    /// <summary>MODULE_DEPENDENT_FIELDS_UPDATED of a VM.</summary>
    public bool ModuleDependentUpdated(int vm) => p.Read<byte>(tdvpr + (ulong)(ModuleDepUpdatedOffset + vm)) != 0;

    /// <summary>Sets MODULE_DEPENDENT_FIELDS_UPDATED of a VM.</summary>
    public void SetModuleDependentUpdated(int vm, bool value) =>
        p.Write(tdvpr + (ulong)(ModuleDepUpdatedOffset + vm), (byte)(value ? 1 : 0));

    /// <summary>
    /// A saved guest register: 0 RAX, 1 RCX, 2 RDX, 3 RBX, 4 (unused), 5 RBP, 6 RSI, 7 RDI, 8.. R8...
    /// </summary>
    public ulong Gpr(int register) => p.Read<ulong>(tdvpr + (ulong)(GprOffset + register * 8));

    /// <summary>Saves a guest register.</summary>
    public void SetGpr(int register, ulong value) => p.Write(tdvpr + (ulong)(GprOffset + register * 8), value);

    /// <summary>Saved DR0..DR3.</summary>
    public ulong Dr(int number) => p.Read<ulong>(tdvpr + (ulong)(DrOffset + number * 8));

    /// <summary>Saves DR0..DR3.</summary>
    public void SetDr(int number, ulong value) => p.Write(tdvpr + (ulong)(DrOffset + number * 8), value);

    /// <summary>Saved DR6.</summary>
    public ulong Dr6
    {
        get => p.Read<ulong>(tdvpr + Dr6Offset);
        set => p.Write(tdvpr + Dr6Offset, value);
    }

    /// <summary>Saved XCR0.</summary>
    public ulong Xcr0
    {
        get => p.Read<ulong>(tdvpr + Xcr0Offset);
        set => p.Write(tdvpr + Xcr0Offset, value);
    }

    /// <summary>Saved CR2.</summary>
    public ulong Cr2
    {
        get => p.Read<ulong>(tdvpr + Cr2Offset);
        set => p.Write(tdvpr + Cr2Offset, value);
    }

    /// <summary>VCPU_STATE_DETAILS.</summary>
    public ulong StateDetails
    {
        set => p.Write(tdvpr + StateDetailsOffset, value);
    }

    private Hpa PagePaField(int index) => tdvpr + (ulong)(PagePaOffset + index * 8);

    private uint ReadUnaligned(int offset)
    {
        uint low = p.Read<ushort>(tdvpr + (ulong)offset);
        return low | (uint)p.Read<ushort>(tdvpr + (ulong)offset + 2) << 16;
    }

    private void WriteUnaligned(int offset, uint value)
    {
        p.Write(tdvpr + (ulong)offset, (ushort)value);
        p.Write(tdvpr + (ulong)offset + 2, (ushort)(value >> 16));
    }
}

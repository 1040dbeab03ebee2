using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// The module's data in the SEAM range, found through the SYSINFO page at IA32_SEAMRR_PHYS_BASE. The module has no
/// fields of its own (D5): what is read and written here are bytes of simulated memory.
/// </summary>
internal sealed class ModuleData
{
    private const uint SeamrrBaseMsr = 0x1400;
    private const ulong SeamrrAddress = 0x000F_FFFF_FE00_0000;

    // Offsets in global data. The layout is this module's own; nothing outside the module reads it.
    private const int GlobalLockOffset = 0x00, StateOffset = 0x02, GlobalKeyOffset = 0x04, NumTdmrsOffset = 0x06;
    private const int NumLpsOffset = 0x08, NumPkgsOffset = 0x0C, NumInitLpsOffset = 0x10, NumInitPkgsOffset = 0x14;
    private const int PkgConfigBitmapOffset = 0x18, PkgBitmapOffset = 0x20, PlatformFmsOffset = 0x28;
    private const int MaxExtendedLeafOffset = 0x2C, NativeTscFrequencyOffset = 0x30, CanaryOffset = 0x38;
    private const int WbinvdBlocksOffset = 0x40, PackageShiftOffset = 0x48, SeamopsCapsOffset = 0x50;
    private const int SeamdbIndexOffset = 0x58, SeamdbNonceOffset = 0x60, SeamrrSizeOffset = 0x80;
    private const int MsrSamplesOffset = 0x400;
    private const int CpuidOffset = 0x1000, CpuidNativeOffset = 0x1800, XsaveComponentsOffset = 0x1D00;

    /// <summary>Where the parts with views of their own begin.</summary>
    public const int KotOffset = 0x2000, WbtOffset = 0x7000, TdmrTableOffset = 0x8000, Bytes = 0x10000;

    private readonly ISeamPlatform p;

    private ModuleData(ISeamPlatform p, Hpa sysInfo, Hpa global, Hpa local) =>
        (this.p, SysInfo, Global, Local) = (p, sysInfo, global, local);

    /// <summary>The data of the module that runs on this logical processor.</summary>
    public static ModuleData Of(ISeamPlatform p)
    {
        p.TryRdmsr(SeamrrBaseMsr, out ulong seamrr);
        Hpa sysInfo = new(seamrr & SeamrrAddress);
        ulong stride = p.Read<ulong>(sysInfo + SysInfoTable.LocalDataStride);
        return new ModuleData(
            p, sysInfo, new Hpa(p.Read<ulong>(sysInfo + SysInfoTable.GlobalDataAddress)),
            new Hpa(p.Read<ulong>(sysInfo + SysInfoTable.LocalDataAddress)) + stride * (ulong)p.LpIndex);
    }

    /// <summary>The SYSINFO page; SEAMRR base.</summary>
    public Hpa SysInfo { get; }

    /// <summary>Global data.</summary>
    public Hpa Global { get; }

    /// <summary>Local data of this logical processor.</summary>
    public Hpa Local { get; }

    /// <summary>View of the local data of this logical processor.</summary>
    public LpData Lp => new(p, Local);

    /// <summary>View of the key ownership table.</summary>
    public Kot Kot => new(p, Global + KotOffset);

    /// <summary>View of the write-back table of one package.</summary>
    public Wbt Wbt(int package) => new(p, Global + WbtOffset, package);

    /// <summary>View of one TDMR.</summary>
    public TdmrEntry Tdmr(int index) => new(p, Global + (ulong)(TdmrTableOffset + index * TdmrEntry.Stride));

    /// <summary>Tries the global lock: ex SYS.INIT, CONFIG, KEY.CONFIG, SHUTDOWN, UPDATE; sh LP.INIT.</summary>
    public bool TryHoldGlobalLock(LockMode mode) => SharexLock.TryHold(p, Global + GlobalLockOffset, mode);

    /// <summary>State of the module.</summary>
    public SysState State
    {
        get => (SysState)p.Read<byte>(Global + StateOffset);
        set => p.Write(Global + StateOffset, (byte)value);
    }

    /// <summary>The TDX-global HKID.</summary>
    public KeyId GlobalKey
    {
        get => new(p.Read<ushort>(Global + GlobalKeyOffset));
        set => p.Write(Global + GlobalKeyOffset, value.Value);
    }

    /// <summary>Configured TDMRs.</summary>
    public int NumTdmrs
    {
        get => p.Read<ushort>(Global + NumTdmrsOffset);
        set => p.Write(Global + NumTdmrsOffset, (ushort)value);
    }

    /// <summary>Logical processors of the platform.</summary>
    public uint NumLps
    {
        get => p.Read<uint>(Global + NumLpsOffset);
        set => p.Write(Global + NumLpsOffset, value);
    }

    /// <summary>Packages of the platform.</summary>
    public uint NumPkgs
    {
        get => p.Read<uint>(Global + NumPkgsOffset);
        set => p.Write(Global + NumPkgsOffset, value);
    }

    /// <summary>Logical processors that did SYS.LP.INIT.</summary>
    public uint NumInitLps
    {
        get => p.Read<uint>(Global + NumInitLpsOffset);
        set => p.Write(Global + NumInitLpsOffset, value);
    }

    /// <summary>One more logical processor is initialised (LOCK XADD: the global lock is only held shared).</summary>
    public void CountInitLp() => p.FetchAdd(Global + NumInitLpsOffset, 1u);

    /// <summary>Packages that did SYS.KEY.CONFIG.</summary>
    public uint NumInitPkgs
    {
        get => p.Read<uint>(Global + NumInitPkgsOffset);
        set => p.Write(Global + NumInitPkgsOffset, value);
    }

    /// <summary>The word in which SYS.KEY.CONFIG marks a package, for atomic access.</summary>
    public Hpa PkgConfigBitmapWord => Global + PkgConfigBitmapOffset;

    /// <summary>Packages on which a logical processor was initialised.</summary>
    public ulong PkgBitmap
    {
        get => p.Read<ulong>(Global + PkgBitmapOffset);
        set => p.Write(Global + PkgBitmapOffset, value);
    }

    /// <summary>Adds this package to <see cref="PkgBitmap"/>.</summary>
    public void MarkPackage(int package) => p.BitTestAndSet(Global + PkgBitmapOffset, package);

    /// <summary>Family, model, stepping of the platform: the lowest stepping over the sockets.</summary>
    public uint PlatformFms
    {
        get => p.Read<uint>(Global + PlatformFmsOffset);
        set => p.Write(Global + PlatformFmsOffset, value);
    }

    /// <summary>The processor's own CPUID(0x80000000).EAX.</summary>
    public uint NativeMaxExtendedLeaf
    {
        get => p.Read<uint>(Global + MaxExtendedLeafOffset);
        set => p.Write(Global + MaxExtendedLeafOffset, value);
    }

    /// <summary>The processor's TSC frequency in Hz.</summary>
    public ulong NativeTscFrequency
    {
        get => p.Read<ulong>(Global + NativeTscFrequencyOffset);
        set => p.Write(Global + NativeTscFrequencyOffset, value);
    }

    /// <summary>The stack canary SYS.INIT drew.</summary>
    public ulong Canary
    {
        set => p.Write(Global + CanaryOffset, value);
    }

    /// <summary>Number of sub-blocks of WBNOINVDP.</summary>
    public ulong WbinvdBlocks
    {
        get => p.Read<ulong>(Global + WbinvdBlocksOffset);
        set => p.Write(Global + WbinvdBlocksOffset, value);
    }

    /// <summary>x2APIC id bits below the package id.</summary>
    public int PackageShift
    {
        get => p.Read<byte>(Global + PackageShiftOffset);
        set => p.Write(Global + PackageShiftOffset, (byte)value);
    }

    /// <summary>SEAMOPS capabilities sampled by SYS.INIT.</summary>
    public ulong SeamopsCaps
    {
        get => p.Read<ulong>(Global + SeamopsCapsOffset);
        set => p.Write(Global + SeamopsCapsOffset, value);
    }

    /// <summary>SEAMDB index of this module.</summary>
    public ulong SeamdbIndex
    {
        get => p.Read<ulong>(Global + SeamdbIndexOffset);
        set => p.Write(Global + SeamdbIndexOffset, value);
    }

    /// <summary>One qword of the 256-bit SEAMDB nonce.</summary>
    public Hpa SeamdbNonce(int word) => Global + (ulong)(SeamdbNonceOffset + word * 8);

    /// <summary>Bytes of the SEAM range.</summary>
    public ulong SeamrrSize
    {
        get => p.Read<ulong>(Global + SeamrrSizeOffset);
        set => p.Write(Global + SeamrrSizeOffset, value);
    }

    /// <summary>A sampled MSR; the index is its row in Data/…/sampled-msrs.csv.</summary>
    public ulong MsrSample(int index) => p.Read<ulong>(Global + (ulong)(MsrSamplesOffset + index * 8));

    /// <summary>Stores a sampled MSR.</summary>
    public void SetMsrSample(int index, ulong value) => p.Write(Global + (ulong)(MsrSamplesOffset + index * 8), value);

    /// <summary>The module's copy of a CPUID entry (fixed bits applied after SYS.CONFIG).</summary>
    public CpuidResult Cpuid(int lookupIndex) => ReadCpuid(Global + (ulong)(CpuidOffset + lookupIndex * 16));

    /// <summary>Stores the module's copy of a CPUID entry.</summary>
    public void SetCpuid(int lookupIndex, CpuidResult value) =>
        WriteCpuid(Global + (ulong)(CpuidOffset + lookupIndex * 16), value);

    /// <summary>A CPUID entry as the processor gave it at SYS.INIT.</summary>
    public CpuidResult NativeCpuid(int lookupIndex) =>
        ReadCpuid(Global + (ulong)(CpuidNativeOffset + lookupIndex * 16));

    /// <summary>Stores a CPUID entry as the processor gave it.</summary>
    public void SetNativeCpuid(int lookupIndex, CpuidResult value) =>
        WriteCpuid(Global + (ulong)(CpuidNativeOffset + lookupIndex * 16), value);

    /// <summary>Size (bytes) and align-to-64 flag (bit 31) of an XSAVE component.</summary>
    public uint XsaveComponent(int component) => p.Read<uint>(Global + (ulong)(XsaveComponentsOffset + component * 4));

    /// <summary>Stores the size and alignment of an XSAVE component.</summary>
    public void SetXsaveComponent(int component, uint value) =>
        p.Write(Global + (ulong)(XsaveComponentsOffset + component * 4), value);

    private CpuidResult ReadCpuid(Hpa at)
    {
        ulong low = p.Read<ulong>(at), high = p.Read<ulong>(at + 8);
        return new CpuidResult((uint)low, (uint)(low >> 32), (uint)high, (uint)(high >> 32));
    }

    private void WriteCpuid(Hpa at, CpuidResult value)
    {
        p.Write(at, value.Eax | (ulong)value.Ebx << 32);
        p.Write(at + 8, value.Ecx | (ulong)value.Edx << 32);
    }
}

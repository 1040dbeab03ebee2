namespace Seamsim.Firmware.Abi;

/// <summary>
/// Offsets in the SYSINFO page, the first page of the SEAM range: MCHECK fills the lower half, the P-SEAMLDR the upper.
/// TDX module 1.5.01 and P-SEAMLDR 1.5, loader data structures; the fields marked "managed" are this loader's own, in
/// a reserved area, because a managed image works with physical addresses instead of page tables.
/// </summary>
public static class SysInfoTable
{
    /// <summary>Bytes of the table.</summary>
    public const int Size = 0x1000;

    /// <summary>Sockets for which the table has room.</summary>
    public const int MaxSockets = 8;

    /// <summary>Convertible memory regions for which the table has room.</summary>
    public const int MaxCmrs = 32;

    /// <summary>u64: structure version, 0.</summary>
    public const int Version = 0x000;

    /// <summary>u32: logical processors in the platform.</summary>
    public const int NumLps = 0x008;

    /// <summary>u32: sockets in the platform.</summary>
    public const int NumSockets = 0x00C;

    /// <summary>u32[8]: CPUID(1).EAX of each socket.</summary>
    public const int SocketCpuid = 0x010;

    /// <summary>u8: 1 when the processors have no SMRR2.</summary>
    public const int Smrr2NotSupported = 0x040;

    /// <summary>u8: 1 when private keys are configured without integrity.</summary>
    public const int TdxWithoutIntegrity = 0x041;

    /// <summary>CMR_INFO[32], 16 bytes each: base u64, size u64; unused entries are zero.</summary>
    public const int Cmr = 0x080;

    /// <summary>Bytes of one CMR_INFO.</summary>
    public const int CmrEntrySize = 16;

    /// <summary>u64: see <see cref="SeamStatusValue"/>.</summary>
    public const int SeamStatus = 0x800;

    /// <summary>u64: linear base of the code region.</summary>
    public const int CodeRegionBase = 0x808;

    /// <summary>u64: bytes of the code region.</summary>
    public const int CodeRegionSize = 0x810;

    /// <summary>u64: linear base of the data region (handoff, local data, global data).</summary>
    public const int DataRegionBase = 0x818;

    /// <summary>u64: bytes of the data region.</summary>
    public const int DataRegionSize = 0x820;

    /// <summary>u64: linear base of the stacks.</summary>
    public const int StackRegionBase = 0x828;

    /// <summary>u64: bytes of the stacks.</summary>
    public const int StackRegionSize = 0x830;

    /// <summary>u64: linear base of the keyholes.</summary>
    public const int KeyholeRegionBase = 0x838;

    /// <summary>u64: bytes of the keyholes.</summary>
    public const int KeyholeRegionSize = 0x840;

    /// <summary>u64: linear base of the keyhole-edit region.</summary>
    public const int KeyholeEditRegionBase = 0x848;

    /// <summary>u64: bytes of the keyhole-edit region.</summary>
    public const int KeyholeEditRegionSize = 0x850;

    /// <summary>u64: data-stack pages per logical processor, minus one.</summary>
    public const int NumStackPages = 0x858;

    /// <summary>u64: local-data pages per logical processor, minus one.</summary>
    public const int NumTlsPages = 0x860;

    /// <summary>u16: handoff version of the installed module.</summary>
    public const int ModuleHv = 0x868;

    /// <summary>u16: lowest handoff version the installed module can take over.</summary>
    public const int MinUpdateHv = 0x86A;

    /// <summary>u8: 1 when an update must not lower the handoff version.</summary>
    public const int NoDowngrade = 0x86C;

    /// <summary>u16: handoff pages, minus one.</summary>
    public const int NumHandoffPages = 0x86E;

    /// <summary>u64, managed: physical base of the handoff pages.</summary>
    public const int HandoffAddress = 0x900;

    /// <summary>u64, managed: bytes of the handoff pages.</summary>
    public const int HandoffBytes = 0x908;

    /// <summary>u64, managed: physical base of the local data of logical processor 0; the others follow.</summary>
    public const int LocalDataAddress = 0x910;

    /// <summary>u64, managed: bytes of local data per logical processor.</summary>
    public const int LocalDataStride = 0x918;

    /// <summary>u64, managed: physical base of the module's global data.</summary>
    public const int GlobalDataAddress = 0x920;

    /// <summary>u64, managed: bytes of global data.</summary>
    public const int GlobalDataBytes = 0x928;

    /// <summary>u64, managed: physical base of the code region.</summary>
    public const int CodeAddress = 0x930;

    /// <summary>
    /// u64, managed: offset of the TD-exit entry in the code region; the SEAMCALL entry is the image's own.
    /// </summary>
    public const int TdExitEntryOffset = 0x938;

    /// <summary>u32, managed: build date of the module, BCD yyyymmdd.</summary>
    public const int ModuleBuildDate = 0x940;

    /// <summary>u16, managed: build number of the module.</summary>
    public const int ModuleBuildNum = 0x944;

    /// <summary>u16, managed: major version of the module.</summary>
    public const int ModuleMajor = 0x946;

    /// <summary>u16, managed: minor version of the module.</summary>
    public const int ModuleMinor = 0x948;

    /// <summary>u16, managed: update version of the module.</summary>
    public const int ModuleUpdate = 0x94A;

    /// <summary>u64, managed: seed of the image's canary.</summary>
    public const int Canary = 0x950;
}

/// <summary>Values of <see cref="SysInfoTable.SeamStatus"/>.</summary>
public enum SeamStatusValue : ulong
{
    /// <summary>No P-SEAMLDR.</summary>
    NotLoaded = 0,

    /// <summary>The P-SEAMLDR is there, no module.</summary>
    PSeamldrReady = 1,

    /// <summary>A module is installed.</summary>
    ModuleLoaded = 2,
}

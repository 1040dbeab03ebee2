namespace Seamsim.Firmware.Abi;

#pragma warning disable CS1591 // byte offsets named after the fields of the ABI's structure tables

/// <summary>TD_PARAMS: 1024 bytes, 1024-aligned. TDX Module 1.5 ABI, "TD_PARAMS".</summary>
public static class TdParams
{
    public const int Bytes = 1024, Alignment = 1024;
    public const int Attributes = 0x00, Xfam = 0x08, MaxVcpus = 0x10, NumL2Vms = 0x12, MsrConfigCtls = 0x13;
    public const int Reserved0 = 0x14, Reserved0Bytes = 4;
    public const int EptpControls = 0x18, ConfigFlags = 0x20, TscFrequency = 0x28;
    public const int Reserved1 = 0x2A, Reserved1Bytes = 38;
    public const int MrConfigId = 0x50, MrOwner = 0x80, MrOwnerConfig = 0xB0, MeasurementBytes = 48;
    public const int ArchCapabilitiesConfig = 0xE0;
    public const int Reserved2 = 0xE8, Reserved2Bytes = 24;
    /// <summary>EAX, EBX, ECX, EDX per configurable leaf, in the order of TDSYSINFO's CPUID_CONFIG.</summary>
    public const int CpuidConfig = 0x100;
    public const int CpuidConfigBytes = 16;
    public static int CpuidConfigEnd(int slots) => CpuidConfig + slots * CpuidConfigBytes;
    public const int Reserved3 = 0x1C0, Reserved3Bytes = 0x400 - 0x1C0;
}

/// <summary>Bits of TD_PARAMS.ATTRIBUTES.</summary>
public static class TdAttributes
{
    public const ulong Debug = 1UL << 0, SeptVeDisable = 1UL << 28, Migratable = 1UL << 29, Pks = 1UL << 30,
                       Kl = 1UL << 31, Perfmon = 1UL << 63;
}

/// <summary>Bits of TD_PARAMS.CONFIG_FLAGS.</summary>
public static class ConfigFlags
{
    public const ulong Gpaw = 1UL << 0, FlexiblePendingVe = 1UL << 1, NoRbpMod = 1UL << 2;
}

/// <summary>Feature bits of the SYS field TDX_FEATURES0.</summary>
public static class TdxFeatures0
{
    public const ulong TdMigration = 1UL << 0, TdPreserving = 1UL << 1, ServiceTd = 1UL << 2, TdgVpRdWr = 1UL << 3,
        RelaxedMemMngConcurrency = 1UL << 4, CpuidVirtGuestCtrl = 1UL << 5, TdPartitioning = 1UL << 7,
        LocalAttestation = 1UL << 8, TdEntryEnhancements = 1UL << 9, HostPriorityLocks = 1UL << 10,
        ConfigIa32ArchCap = 1UL << 11, PendingEptViolationV2 = 1UL << 16, FmsConfig = 1UL << 17,
        NoRbpMod = 1UL << 18, L2TlbInvdOpt = 1UL << 19;
}

/// <summary>TDSYSINFO_STRUCT: 1024 bytes. TDX Module 1.5 ABI, "TDSYSINFO_STRUCT".</summary>
public static class TdSysInfo
{
    public const int Bytes = 1024, Alignment = 1024;
    public const int Attributes = 0, VendorId = 4, BuildDate = 8, BuildNum = 12, MinorVersion = 14, MajorVersion = 16,
                     SysRd = 18, MaxTdmrs = 32, MaxReservedPerTdmr = 34, PamtEntrySize = 36, TdcsBaseSize = 48,
                     TdvpsBaseSize = 52, TdvpsXfamDependentSize = 54, AttributesFixed0 = 64, AttributesFixed1 = 72,
                     XfamFixed0 = 80, XfamFixed1 = 88, NumCpuidConfig = 128, CpuidConfig = 132;
    /// <summary>leaf, subleaf (-1: none), EAX, EBX, ECX, EDX.</summary>
    public const int CpuidConfigBytes = 24;
}

/// <summary>CMR_INFO: base, size.</summary>
public static class CmrInfo
{
    public const int Bytes = 16, Base = 0, Size = 8, MaxCmrs = 32, Alignment = 512;
}

/// <summary>TDMR_INFO: 512-aligned. TDX Module 1.5 ABI, "TDMR_INFO".</summary>
public static class TdmrInfo
{
    public const int Bytes = 320, Alignment = 512, MaxTdmrs = 64, MaxReserved = 16;
    public const int Base = 0, Size = 8, Pamt1GBase = 16, Pamt1GSize = 24, Pamt2MBase = 32, Pamt2MSize = 40,
                     Pamt4KBase = 48, Pamt4KSize = 56, Reserved = 64;
    /// <summary>Offset from the TDMR's base and size, 8 bytes each.</summary>
    public const int ReservedBytes = 16;
}

/// <summary>A PAMT entry: 16 bytes. TDX Module 1.5 base specification, "PAMT".</summary>
public static class PamtEntry
{
    public const int Bytes = 16, Lock = 0, Type = 2, Owner = 3, Bepoch = 8;
    public const int TypeShift = 16, OwnerShift = 24;
}

/// <summary>TDREPORT_STRUCT: 1024 bytes. TDX Module 1.5 ABI, "TDREPORT_STRUCT".</summary>
public static class TdReport
{
    public const int Bytes = 1024, ReportMac = 0, TeeTcbInfo = 256, TdInfo = 512;
}

/// <summary>REPORTMACSTRUCT: 256 bytes.</summary>
public static class ReportMac
{
    public const int Bytes = 256, ReportType = 0, CpuSvn = 16, TeeTcbInfoHash = 32, TeeInfoHash = 80, ReportData = 128,
                     Mac = 224, ReportDataBytes = 64, MacBytes = 32;
}

/// <summary>TEE_TCB_INFO: 256 bytes.</summary>
public static class TeeTcbInfo
{
    public const int Bytes = 256, Valid = 0, TeeTcbSvn = 8, MrSeam = 24, MrSignerSeam = 72, Attributes = 120;
}

/// <summary>TDINFO_STRUCT: 512 bytes.</summary>
public static class TdInfo
{
    public const int Bytes = 512, Attributes = 0, Xfam = 8, MrTd = 16, MrConfigId = 64, MrOwner = 112,
                     MrOwnerConfig = 160, Rtmr = 208, RtmrBytes = 48, ServTdHash = 400;
}

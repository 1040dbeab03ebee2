namespace Seamsim.Firmware.Abi;

/// <summary>SEAMLDR_PARAMS, the 4-KiB operand of SEAMLDR.INSTALL. P-SEAMLDR interface specification.</summary>
public static class SeamldrParams
{
    /// <summary>Bytes and alignment.</summary>
    public const int Size = 4096;

    /// <summary>Pages of the image at most.</summary>
    public const int MaxPages = 496;

    /// <summary>u32: 0.</summary>
    public const int Version = 0;

    /// <summary>u32: <see cref="SeamldrScenario"/>.</summary>
    public const int Scenario = 4;

    /// <summary>u64: physical address of the SEAM_SIGSTRUCT, 4-KiB aligned.</summary>
    public const int SigStruct = 8;

    /// <summary>104 reserved bytes, zero.</summary>
    public const int Reserved = 16;

    /// <summary>u64: pages of the image.</summary>
    public const int NumPages = 120;

    /// <summary>u64[496]: physical addresses of the pages, 4-KiB aligned.</summary>
    public const int Pages = 128;
}

/// <summary>Why INSTALL is called.</summary>
public enum SeamldrScenario : uint
{
    /// <summary>A fresh module.</summary>
    Load = 0,

    /// <summary>A module that takes over the handoff data of the one that was shut down.</summary>
    Update = 1,
}

/// <summary>SEAMLDR_INFO, 256 bytes. P-SEAMLDR interface specification.</summary>
public static class SeamldrInfo
{
    /// <summary>Bytes and alignment.</summary>
    public const int Size = 256;

    /// <summary>u32: 0.</summary>
    public const int Version = 0;

    /// <summary>u32: bit 31 = debug.</summary>
    public const int Attributes = 4;

    /// <summary>u32: 0x8086.</summary>
    public const int VendorId = 8;

    /// <summary>u32: BCD yyyymmdd.</summary>
    public const int BuildDate = 12;

    /// <summary>u16.</summary>
    public const int BuildNum = 16;

    /// <summary>u16.</summary>
    public const int Minor = 18;

    /// <summary>u16.</summary>
    public const int Major = 20;

    /// <summary>u16.</summary>
    public const int Update = 22;

    /// <summary>u32: x2APIC ID of the processor that loaded the P-SEAMLDR.</summary>
    public const int AcmX2ApicId = 24;

    /// <summary>u32: module installations that are still possible.</summary>
    public const int NumRemainingUpdates = 28;

    /// <summary>
    /// 128 bytes: TEE_TCB_INFO of the installed module (valid u64, SVN, MRSEAM, MRSIGNERSEAM, attributes).
    /// </summary>
    public const int SeamInfo = 32;

    /// <summary>u8: a module can be called.</summary>
    public const int SeamReady = 160;

    /// <summary>u8: SEAM is under debug.</summary>
    public const int SeamDebug = 161;

    /// <summary>u8: the P-SEAMLDR can be called.</summary>
    public const int PSeamldrReady = 162;
}

/// <summary>SEAMLDR_SEAMINFO, 2 KiB: the platform as MCHECK found it. P-SEAMLDR interface specification.</summary>
public static class SeamldrSeamInfo
{
    /// <summary>Bytes and alignment.</summary>
    public const int Size = 2048;

    /// <summary>u64: base of the P-SEAMLDR range; everything before it is as in <see cref="SysInfoTable"/>.</summary>
    public const int PSeamldrRangeBase = 48;

    /// <summary>u64: bytes of the P-SEAMLDR range.</summary>
    public const int PSeamldrRangeSize = 56;
}

/// <summary>SEAM_SIGSTRUCT, 2 KiB: what the vendor says of a module image. P-SEAMLDR interface specification.</summary>
public static class SeamSigStruct
{
    /// <summary>Bytes.</summary>
    public const int Size = 2048;

    /// <summary>u32: <see cref="HeaderTypeValue"/>.</summary>
    public const int HeaderType = 0;

    /// <summary>Generic SEAM module.</summary>
    public const uint HeaderTypeValue = 6;

    /// <summary>u32: header length in dwords, <see cref="HeaderLengthValue"/>.</summary>
    public const int HeaderLength = 4;

    /// <summary>225 dwords.</summary>
    public const uint HeaderLengthValue = 0xE1;

    /// <summary>u32: <see cref="HeaderVersionValue"/>.</summary>
    public const int HeaderVersion = 8;

    /// <summary>Version 1.0.</summary>
    public const uint HeaderVersionValue = 0x10000;

    /// <summary>u32: bit 31 = debug-signed.</summary>
    public const int ModuleType = 12;

    /// <summary>u32: 0x8086.</summary>
    public const int ModuleVendor = 16;

    /// <summary>u32: BCD yyyymmdd.</summary>
    public const int Date = 20;

    /// <summary>u32: size of the structure in dwords.</summary>
    public const int SizeInDwords = 24;

    /// <summary>u8[48]: SHA-384 of the image pages.</summary>
    public const int SeamHash = 900;

    /// <summary>u16: security version.</summary>
    public const int SeamSvn = 948;

    /// <summary>u64: attributes of the module.</summary>
    public const int Attributes = 950;

    /// <summary>u32: offset of the SEAMCALL entry.</summary>
    public const int RipOffset = 958;

    /// <summary>u8: data-stack pages per logical processor, minus one.</summary>
    public const int NumStackPages = 962;

    /// <summary>u8: local-data pages per logical processor, minus one.</summary>
    public const int NumTlsPages = 963;

    /// <summary>u16: keyhole pages per logical processor, minus one.</summary>
    public const int NumKeyholePages = 964;

    /// <summary>u16: global-data pages, minus one.</summary>
    public const int NumGlobalDataPages = 966;

    /// <summary>u16: TDMRs the module supports.</summary>
    public const int MaxTdmrs = 968;

    /// <summary>u16: reserved areas per TDMR.</summary>
    public const int MaxReservedPerTdmr = 970;

    /// <summary>u16 × 3: bytes of a PAMT entry for 4 KiB, 2 MiB, 1 GiB.</summary>
    public const int PamtEntrySizes = 972;

    /// <summary>u16: handoff version.</summary>
    public const int ModuleHv = 984;

    /// <summary>u16: lowest handoff version that can be taken over.</summary>
    public const int MinUpdateHv = 986;

    /// <summary>u8: 1 = no downgrade.</summary>
    public const int NoDowngrade = 988;

    /// <summary>u16: handoff pages, minus one.</summary>
    public const int NumHandoffPages = 990;

    /// <summary>u32: offset of IDT and GDT in the image.</summary>
    public const int GdtIdtOffset = 992;

    /// <summary>u32: entries of the CPUID table.</summary>
    public const int CpuidTableSize = 1024;

    /// <summary>u32[255]: CPUID(1).EAX values the module supports; stepping ignored.</summary>
    public const int CpuidTable = 1028;

    /// <summary>Entries of the CPUID table at most.</summary>
    public const int MaxCpuidEntries = 255;
}

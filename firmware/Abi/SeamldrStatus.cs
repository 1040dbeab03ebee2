namespace Seamsim.Firmware.Abi;

/// <summary>Completion status of P-SEAMLDR leaves (RAX). P-SEAMLDR interface specification.</summary>
public enum SeamldrStatus : ulong
{
    /// <summary>Done; for INSTALL and SHUTDOWN: on this logical processor.</summary>
    Success = 0,

    /// <summary>An operand is malformed, or differs from what other logical processors passed.</summary>
    EBadParam = 0x8000_0000_0000_0000,

    /// <summary>This logical processor has called already.</summary>
    EBadCall = 0x8000_0000_0000_0003,

    /// <summary>An update finds nothing it can take over.</summary>
    EBadHandoff = 0x8000_0000_0000_0004,

    /// <summary>The SEAM range is too small.</summary>
    ENoMem = 0x8000_0000_0001_0002,

    /// <summary>An unspecified error.</summary>
    EUnspecErr = 0x8000_0000_0001_0003,

    /// <summary>The module does not support the processor.</summary>
    EUnsupCpu = 0x8000_0000_0001_0004,

    /// <summary>The SEAM_SIGSTRUCT is malformed.</summary>
    EBadSig = 0x8000_0000_0002_0000,

    /// <summary>The image does not have the hash its SEAM_SIGSTRUCT promises.</summary>
    EBadHash = 0x8000_0000_0002_0001,

    /// <summary>An interrupt is pending.</summary>
    EInterrupt = 0x8000_0000_0003_0000,

    /// <summary>RDRAND found no entropy.</summary>
    ENoEntropy = 0x8000_0000_0003_0001,
}

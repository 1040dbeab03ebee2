namespace Seamsim.Isa.Vmx;

/// <summary>
/// VMCS field encodings. SDM vol. 3D, appendix B; the fields marked TDX are from the TDX CPU Architectural Extensions.
/// The high half of a 64-bit field has the encoding plus one and no name of its own.
/// </summary>
public enum VmcsField : uint
{
#pragma warning disable CS1591 // named as in the manual
    // 16-bit control fields
    Vpid = 0x0000, PostedInterruptNotificationVector = 0x0002, EptpIndex = 0x0004, HlatPrefixSize = 0x0006,
    LastPidPointerIndex = 0x0008,

    // 16-bit guest-state fields
    GuestEsSelector = 0x0800, GuestCsSelector = 0x0802, GuestSsSelector = 0x0804, GuestDsSelector = 0x0806,
    GuestFsSelector = 0x0808, GuestGsSelector = 0x080A, GuestLdtrSelector = 0x080C, GuestTrSelector = 0x080E,
    GuestInterruptStatus = 0x0810, PmlIndex = 0x0812, GuestUinv = 0x0814,

    // 16-bit host-state fields
    HostEsSelector = 0x0C00, HostCsSelector = 0x0C02, HostSsSelector = 0x0C04, HostDsSelector = 0x0C06,
    HostFsSelector = 0x0C08, HostGsSelector = 0x0C0A, HostTrSelector = 0x0C0C,

    // 64-bit control fields
    IoBitmapA = 0x2000, IoBitmapB = 0x2002, MsrBitmap = 0x2004, ExitMsrStoreAddress = 0x2006,
    ExitMsrLoadAddress = 0x2008, EntryMsrLoadAddress = 0x200A, ExecutiveVmcsPointer = 0x200C, PmlAddress = 0x200E,
    TscOffset = 0x2010, VirtualApicAddress = 0x2012, ApicAccessAddress = 0x2014,
    PostedInterruptDescriptorAddress = 0x2016, VmFunctionControls = 0x2018, Eptp = 0x201A,
    EoiExitBitmap0 = 0x201C, EoiExitBitmap1 = 0x201E, EoiExitBitmap2 = 0x2020, EoiExitBitmap3 = 0x2022,
    EptpListAddress = 0x2024, VmreadBitmap = 0x2026, VmwriteBitmap = 0x2028,
    VirtualizationExceptionInformationAddress = 0x202A, XssExitingBitmap = 0x202C, EnclsExitingBitmap = 0x202E,
    SubPagePermissionTablePointer = 0x2030, TscMultiplier = 0x2032, ProcBasedControls3 = 0x2034,
    EnclvExitingBitmap = 0x2036, LowPasidDirectoryAddress = 0x2038, HighPasidDirectoryAddress = 0x203A,
    SharedEptp = 0x203C, // TDX
    PconfigExitingBitmap = 0x203E, HlatPointer = 0x2040, PidPointerTableAddress = 0x2042, ExitControls2 = 0x2044,
    GuestSpecCtrlMask = 0x204A, GuestSpecCtrlShadow = 0x204C,

    // 64-bit read-only data field
    GuestPhysicalAddress = 0x2400,

    // 64-bit guest-state fields
    VmcsLinkPointer = 0x2800, GuestDebugctl = 0x2802, GuestPat = 0x2804, GuestEfer = 0x2806,
    GuestPerfGlobalCtrl = 0x2808, GuestPdpte0 = 0x280A, GuestPdpte1 = 0x280C, GuestPdpte2 = 0x280E,
    GuestPdpte3 = 0x2810, GuestBndcfgs = 0x2812, GuestRtitCtl = 0x2814, GuestLbrCtl = 0x2816, GuestPkrs = 0x2818,

    // 64-bit host-state fields
    HostPat = 0x2C00, HostEfer = 0x2C02, HostPerfGlobalCtrl = 0x2C04, HostPkrs = 0x2C06,

    // 32-bit control fields
    PinBasedControls = 0x4000, ProcBasedControls = 0x4002, ExceptionBitmap = 0x4004, PageFaultErrorCodeMask = 0x4006,
    PageFaultErrorCodeMatch = 0x4008, Cr3TargetCount = 0x400A, ExitControls = 0x400C, ExitMsrStoreCount = 0x400E,
    ExitMsrLoadCount = 0x4010, EntryControls = 0x4012, EntryMsrLoadCount = 0x4014,
    EntryInterruptionInformation = 0x4016, EntryExceptionErrorCode = 0x4018, EntryInstructionLength = 0x401A,
    TprThreshold = 0x401C, ProcBasedControls2 = 0x401E, PleGap = 0x4020, PleWindow = 0x4022,
    InstructionTimeoutControl = 0x4024,
    TdHkid = 0x4026, // TDX

    // 32-bit read-only data fields
    VmInstructionError = 0x4400, ExitReason = 0x4402, ExitInterruptionInformation = 0x4404,
    ExitInterruptionErrorCode = 0x4406, IdtVectoringInformation = 0x4408, IdtVectoringErrorCode = 0x440A,
    ExitInstructionLength = 0x440C, ExitInstructionInformation = 0x440E,

    // 32-bit guest-state fields
    GuestEsLimit = 0x4800, GuestCsLimit = 0x4802, GuestSsLimit = 0x4804, GuestDsLimit = 0x4806, GuestFsLimit = 0x4808,
    GuestGsLimit = 0x480A, GuestLdtrLimit = 0x480C, GuestTrLimit = 0x480E, GuestGdtrLimit = 0x4810,
    GuestIdtrLimit = 0x4812, GuestEsAccessRights = 0x4814, GuestCsAccessRights = 0x4816, GuestSsAccessRights = 0x4818,
    GuestDsAccessRights = 0x481A, GuestFsAccessRights = 0x481C, GuestGsAccessRights = 0x481E,
    GuestLdtrAccessRights = 0x4820, GuestTrAccessRights = 0x4822, GuestInterruptibilityState = 0x4824,
    GuestActivityState = 0x4826, GuestSmbase = 0x4828, GuestSysenterCs = 0x482A, PreemptionTimerValue = 0x482E,

    // 32-bit host-state field
    HostSysenterCs = 0x4C00,

    // Natural-width control fields
    Cr0GuestHostMask = 0x6000, Cr4GuestHostMask = 0x6002, Cr0ReadShadow = 0x6004, Cr4ReadShadow = 0x6006,
    Cr3Target0 = 0x6008, Cr3Target1 = 0x600A, Cr3Target2 = 0x600C, Cr3Target3 = 0x600E,

    // Natural-width read-only data fields
    ExitQualification = 0x6400, IoRcx = 0x6402, IoRsi = 0x6404, IoRdi = 0x6406, IoRip = 0x6408,
    GuestLinearAddress = 0x640A,

    // Natural-width guest-state fields
    GuestCr0 = 0x6800, GuestCr3 = 0x6802, GuestCr4 = 0x6804, GuestEsBase = 0x6806, GuestCsBase = 0x6808,
    GuestSsBase = 0x680A, GuestDsBase = 0x680C, GuestFsBase = 0x680E, GuestGsBase = 0x6810, GuestLdtrBase = 0x6812,
    GuestTrBase = 0x6814, GuestGdtrBase = 0x6816, GuestIdtrBase = 0x6818, GuestDr7 = 0x681A, GuestRsp = 0x681C,
    GuestRip = 0x681E, GuestRflags = 0x6820, GuestPendingDebugExceptions = 0x6822, GuestSysenterEsp = 0x6824,
    GuestSysenterEip = 0x6826, GuestSCet = 0x6828, GuestSsp = 0x682A, GuestInterruptSspTable = 0x682C,

    // Natural-width host-state fields
    HostCr0 = 0x6C00, HostCr3 = 0x6C02, HostCr4 = 0x6C04, HostFsBase = 0x6C06, HostGsBase = 0x6C08,
    HostTrBase = 0x6C0A, HostGdtrBase = 0x6C0C, HostIdtrBase = 0x6C0E, HostSysenterEsp = 0x6C10,
    HostSysenterEip = 0x6C12, HostRsp = 0x6C14, HostRip = 0x6C16, HostSCet = 0x6C18, HostSsp = 0x6C1A,
    HostInterruptSspTable = 0x6C1C,
#pragma warning restore CS1591
}

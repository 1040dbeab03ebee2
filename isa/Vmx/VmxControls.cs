namespace Seamsim.Isa.Vmx;

/// <summary>Bits of the pin-based VM-execution controls. SDM vol. 3C, 25.6.1.</summary>
public static class PinControls
{
#pragma warning disable CS1591 // named as in the manual
    public const uint ExternalInterruptExiting = 1u << 0, NmiExiting = 1u << 3, VirtualNmis = 1u << 5,
        ActivatePreemptionTimer = 1u << 6, ProcessPostedInterrupts = 1u << 7;
#pragma warning restore CS1591
}

/// <summary>Bits of the primary processor-based VM-execution controls. SDM vol. 3C, 25.6.2.</summary>
public static class ProcControls
{
#pragma warning disable CS1591 // named as in the manual
    public const uint InterruptWindowExiting = 1u << 2, UseTscOffsetting = 1u << 3, HltExiting = 1u << 7,
        InvlpgExiting = 1u << 9, MwaitExiting = 1u << 10, RdpmcExiting = 1u << 11, RdtscExiting = 1u << 12,
        Cr3LoadExiting = 1u << 15, Cr3StoreExiting = 1u << 16, ActivateTertiaryControls = 1u << 17,
        Cr8LoadExiting = 1u << 19, Cr8StoreExiting = 1u << 20, UseTprShadow = 1u << 21, NmiWindowExiting = 1u << 22,
        MovDrExiting = 1u << 23, UnconditionalIoExiting = 1u << 24, UseIoBitmaps = 1u << 25, MonitorTrapFlag = 1u << 27,
        UseMsrBitmaps = 1u << 28, MonitorExiting = 1u << 29, PauseExiting = 1u << 30,
        ActivateSecondaryControls = 1u << 31;
#pragma warning restore CS1591
}

/// <summary>Bits of the secondary processor-based VM-execution controls. SDM vol. 3C, 25.6.2.</summary>
public static class ProcControls2
{
#pragma warning disable CS1591 // named as in the manual
    public const uint VirtualizeApicAccesses = 1u << 0, EnableEpt = 1u << 1, DescriptorTableExiting = 1u << 2,
        EnableRdtscp = 1u << 3, VirtualizeX2ApicMode = 1u << 4, EnableVpid = 1u << 5, WbinvdExiting = 1u << 6,
        UnrestrictedGuest = 1u << 7, ApicRegisterVirtualization = 1u << 8, VirtualInterruptDelivery = 1u << 9,
        PauseLoopExiting = 1u << 10, RdrandExiting = 1u << 11, EnableInvpcid = 1u << 12, EnableVmFunctions = 1u << 13,
        VmcsShadowing = 1u << 14, EnableEnclsExiting = 1u << 15, RdseedExiting = 1u << 16, EnablePml = 1u << 17,
        EptViolationVe = 1u << 18, ConcealVmxFromPt = 1u << 19, EnableXsaves = 1u << 20, PasidTranslation = 1u << 21,
        ModeBasedExecuteControl = 1u << 22, SubPageWritePermissions = 1u << 23, PtUsesGuestPhysical = 1u << 24,
        UseTscScaling = 1u << 25, EnableUserWaitAndPause = 1u << 26, EnablePconfig = 1u << 27,
        EnableEnclvExiting = 1u << 28, BusLockDetection = 1u << 30, InstructionTimeout = 1u << 31;
#pragma warning restore CS1591
}

/// <summary>Bits of the tertiary processor-based VM-execution controls. SDM vol. 3C, 25.6.2; bit 5 TDX.</summary>
public static class ProcControls3
{
#pragma warning disable CS1591 // named as in the manual
    public const ulong LoadiwkeyExiting = 1UL << 0, EnableHlat = 1UL << 1, EptPagingWriteControl = 1UL << 2,
        GuestPagingVerification = 1UL << 3, IpiVirtualization = 1UL << 4, Gpaw = 1UL << 5,
        VirtualizeSpecCtrl = 1UL << 7;
#pragma warning restore CS1591
}

/// <summary>Bits of the primary VM-exit controls. SDM vol. 3C, 25.7.1.</summary>
public static class ExitControls
{
#pragma warning disable CS1591 // named as in the manual
    public const uint SaveDebugControls = 1u << 2, HostAddressSpaceSize = 1u << 9, LoadPerfGlobalCtrl = 1u << 12,
        AcknowledgeInterruptOnExit = 1u << 15, SavePat = 1u << 18, LoadPat = 1u << 19, SaveEfer = 1u << 20,
        LoadEfer = 1u << 21, SavePreemptionTimer = 1u << 22, ClearBndcfgs = 1u << 23, ConcealVmxFromPt = 1u << 24,
        ClearRtitCtl = 1u << 25, ClearLbrCtl = 1u << 26, ClearUinv = 1u << 27, LoadCetState = 1u << 28,
        LoadPkrs = 1u << 29, SavePerfGlobalCtrl = 1u << 30, ActivateSecondaryControls = 1u << 31;
#pragma warning restore CS1591
}

/// <summary>Bits of the VM-entry controls. SDM vol. 3C, 25.8.1.</summary>
public static class EntryControls
{
#pragma warning disable CS1591 // named as in the manual
    public const uint LoadDebugControls = 1u << 2, Ia32eModeGuest = 1u << 9, EntryToSmm = 1u << 10,
        DeactivateDualMonitor = 1u << 11, LoadPerfGlobalCtrl = 1u << 13, LoadPat = 1u << 14, LoadEfer = 1u << 15,
        LoadBndcfgs = 1u << 16, ConcealVmxFromPt = 1u << 17, LoadRtitCtl = 1u << 18, LoadUinv = 1u << 19,
        LoadCetState = 1u << 20, LoadLbrCtl = 1u << 21, LoadPkrs = 1u << 22;
#pragma warning restore CS1591
}

using static Seamsim.Isa.Vmx.VmInstructionError;

namespace Seamsim.Isa.Vmx;

/// <summary>Checks on VM-execution, VM-exit and VM-entry control fields. SDM vol. 3C, 27.2.1.</summary>
internal static class EntryControlChecks
{
    public static EntryRule[] All =>
    [
        PinHonoursCapability, ProcHonoursCapability, Proc2HonoursCapability, Proc3HonoursCapability,
        Cr3TargetCountIsSupported, IoBitmapsAreAddresses, MsrBitmapIsAddress, VirtualApicIsAddress,
        TprThresholdFits, ApicVirtualizationNeedsTprShadow, VirtualNmisNeedNmiExiting, NmiWindowNeedsVirtualNmis,
        ApicAccessIsAddress, X2ApicExcludesApicAccesses, InterruptDeliveryNeedsExternalInterruptExiting,
        PostedInterruptsAreComplete, VpidIsNotZero, EptpIsValid, PmlNeedsEpt, GuestModesNeedEpt,
        VmFunctionsAreSupported,
        ShadowBitmapsAreAddresses, VeInformationIsAddress, TscMultiplierIsNotZero, SharedEptpIsAddress, TdHkidIsPrivate,
        ExitHonoursCapability, SavedTimerNeedsTimer, ExitStoreAreaIsAddressable, ExitLoadAreaIsAddressable,
        EntryHonoursCapability, EntryLoadAreaIsAddressable, NoSmmOutsideSmm,
    ];

    /// <summary>A control word honours its allowed-0 (low half) and allowed-1 (high half) settings.</summary>
    private static bool Honours(uint controls, ulong capability) =>
        ((uint)capability & ~controls) == 0 && (controls & ~(uint)(capability >> 32)) == 0;

    /// <summary>EPTP: memory type, walk length, A/D support, reserved bits, width. SDM vol. 3C, 25.6.11.</summary>
    public static bool IsValidEptp(ulong eptp, VmxCapabilities cap)
    {
        bool memoryType = (eptp & 7) switch
        {
            0 => (cap.EptVpid & (1 << 8)) != 0,
            6 => (cap.EptVpid & (1 << 14)) != 0,
            _ => false,
        };
        bool walk = (eptp >> 3 & 7) == 3 && (cap.EptVpid & (1 << 6)) != 0 || (eptp >> 3 & 7) == 4 && cap.FiveLevelEpt;
        bool accessedDirty = (eptp & (1 << 6)) == 0 || cap.AccessedDirty;
        ulong reserved = cap.SupervisorShadowStack ? 0xF00u : 0xF80u;
        return memoryType && walk && accessedDirty && (eptp & reserved) == 0 && eptp >> cap.PhysicalAddressBits == 0;
    }

    [EntryCheck("control.pin", EntryInvalidControls)]
    private static bool PinHonoursCapability(in EntryContext c) => Honours(c.Pin, c.Cap.Pin);

    [EntryCheck("control.proc", EntryInvalidControls)]
    private static bool ProcHonoursCapability(in EntryContext c) => Honours(c.Proc, c.Cap.Proc);

    [EntryCheck("control.proc2", EntryInvalidControls)]
    private static bool Proc2HonoursCapability(in EntryContext c) =>
        (c.Proc & ProcControls.ActivateSecondaryControls) == 0 ||
        Honours(c.V.Dword(VmcsField.ProcBasedControls2), c.Cap.Proc2);

    [EntryCheck("control.proc3", EntryInvalidControls)]
    private static bool Proc3HonoursCapability(in EntryContext c) =>
        (c.Proc & ProcControls.ActivateTertiaryControls) == 0 || (c[VmcsField.ProcBasedControls3] & ~c.Cap.Proc3) == 0;

    [EntryCheck("control.cr3-target-count", EntryInvalidControls)]
    private static bool Cr3TargetCountIsSupported(in EntryContext c) =>
        c[VmcsField.Cr3TargetCount] <= (c.Cap.Misc >> 16 & 0x1FF);

    [EntryCheck("control.io-bitmaps", EntryInvalidControls)]
    private static bool IoBitmapsAreAddresses(in EntryContext c) =>
        (c.Proc & ProcControls.UseIoBitmaps) == 0 || c.IsAddress(VmcsField.IoBitmapA) &&
        c.IsAddress(VmcsField.IoBitmapB);

    [EntryCheck("control.msr-bitmap", EntryInvalidControls)]
    private static bool MsrBitmapIsAddress(in EntryContext c) =>
        (c.Proc & ProcControls.UseMsrBitmaps) == 0 || c.IsAddress(VmcsField.MsrBitmap);

    [EntryCheck("control.virtual-apic", EntryInvalidControls)]
    private static bool VirtualApicIsAddress(in EntryContext c) =>
        (c.Proc & ProcControls.UseTprShadow) == 0 || c.IsAddress(VmcsField.VirtualApicAddress);

    [EntryCheck("control.tpr-threshold", EntryInvalidControls)]
    private static bool TprThresholdFits(in EntryContext c) =>
        (c.Proc & ProcControls.UseTprShadow) == 0 || c.Has2(ProcControls2.VirtualInterruptDelivery) ||
        c[VmcsField.TprThreshold] >> 4 == 0;

    [EntryCheck("control.apic-virtualization", EntryInvalidControls)]
    private static bool ApicVirtualizationNeedsTprShadow(in EntryContext c)
    {
        const uint dependent = ProcControls2.VirtualizeX2ApicMode | ProcControls2.ApicRegisterVirtualization |
            ProcControls2.VirtualInterruptDelivery;
        return (c.Proc & ProcControls.UseTprShadow) != 0 || !c.Has2(dependent);
    }

    [EntryCheck("control.virtual-nmis", EntryInvalidControls)]
    private static bool VirtualNmisNeedNmiExiting(in EntryContext c) =>
        (c.Pin & PinControls.NmiExiting) != 0 || (c.Pin & PinControls.VirtualNmis) == 0;

    [EntryCheck("control.nmi-window", EntryInvalidControls)]
    private static bool NmiWindowNeedsVirtualNmis(in EntryContext c) =>
        (c.Pin & PinControls.VirtualNmis) != 0 || (c.Proc & ProcControls.NmiWindowExiting) == 0;

    [EntryCheck("control.apic-access", EntryInvalidControls)]
    private static bool ApicAccessIsAddress(in EntryContext c) =>
        !c.Has2(ProcControls2.VirtualizeApicAccesses) || c.IsAddress(VmcsField.ApicAccessAddress);

    [EntryCheck("control.x2apic", EntryInvalidControls)]
    private static bool X2ApicExcludesApicAccesses(in EntryContext c) =>
        !c.Has2(ProcControls2.VirtualizeX2ApicMode) || !c.Has2(ProcControls2.VirtualizeApicAccesses);

    [EntryCheck("control.virtual-interrupt-delivery", EntryInvalidControls)]
    private static bool InterruptDeliveryNeedsExternalInterruptExiting(in EntryContext c) =>
        !c.Has2(ProcControls2.VirtualInterruptDelivery) || (c.Pin & PinControls.ExternalInterruptExiting) != 0;

    [EntryCheck("control.posted-interrupts", EntryInvalidControls)]
    private static bool PostedInterruptsAreComplete(in EntryContext c) =>
        (c.Pin & PinControls.ProcessPostedInterrupts) == 0 ||
        c.Has2(ProcControls2.VirtualInterruptDelivery) &&
        (c.Exit & ExitControls.AcknowledgeInterruptOnExit) != 0 &&
        c[VmcsField.PostedInterruptNotificationVector] < 256 &&
        c.IsAddress(VmcsField.PostedInterruptDescriptorAddress, 64);

    [EntryCheck("control.vpid", EntryInvalidControls)]
    private static bool VpidIsNotZero(in EntryContext c) =>
        !c.Has2(ProcControls2.EnableVpid) || c[VmcsField.Vpid] != 0;

    [EntryCheck("control.eptp", EntryInvalidControls)]
    private static bool EptpIsValid(in EntryContext c) =>
        !c.Has2(ProcControls2.EnableEpt) || IsValidEptp(c[VmcsField.Eptp], c.Cap);

    [EntryCheck("control.pml", EntryInvalidControls)]
    private static bool PmlNeedsEpt(in EntryContext c) =>
        !c.Has2(ProcControls2.EnablePml) || c.Has2(ProcControls2.EnableEpt) && c.IsAddress(VmcsField.PmlAddress);

    [EntryCheck("control.ept-dependents", EntryInvalidControls)]
    private static bool GuestModesNeedEpt(in EntryContext c) =>
        c.Has2(ProcControls2.EnableEpt) ||
        !c.Has2(ProcControls2.UnrestrictedGuest | ProcControls2.ModeBasedExecuteControl |
            ProcControls2.SubPageWritePermissions | ProcControls2.PtUsesGuestPhysical);

    [EntryCheck("control.vm-functions", EntryInvalidControls)]
    private static bool VmFunctionsAreSupported(in EntryContext c)
    {
        if (!c.Has2(ProcControls2.EnableVmFunctions))
            return true;
        ulong functions = c[VmcsField.VmFunctionControls];
        bool eptpSwitching = (functions & 1) == 0 ||
            c.Has2(ProcControls2.EnableEpt) && c.IsAddress(VmcsField.EptpListAddress);
        return (functions & ~c.Cap.Vmfunc) == 0 && eptpSwitching;
    }

    [EntryCheck("control.vmcs-shadowing", EntryInvalidControls)]
    private static bool ShadowBitmapsAreAddresses(in EntryContext c) =>
        !c.Has2(ProcControls2.VmcsShadowing) || c.IsAddress(VmcsField.VmreadBitmap) &&
        c.IsAddress(VmcsField.VmwriteBitmap);

    [EntryCheck("control.ve-information", EntryInvalidControls)]
    private static bool VeInformationIsAddress(in EntryContext c) =>
        !c.Has2(ProcControls2.EptViolationVe) || c.IsAddress(VmcsField.VirtualizationExceptionInformationAddress);

    [EntryCheck("control.tsc-multiplier", EntryInvalidControls)]
    private static bool TscMultiplierIsNotZero(in EntryContext c) =>
        !c.Has2(ProcControls2.UseTscScaling) || c[VmcsField.TscMultiplier] != 0;

    /// <summary>TDX CPU Architectural Extensions: the shared EPTP of a TD; its low bits are not looked at.</summary>
    [EntryCheck("control.shared-eptp", EntryInvalidControls)]
    private static bool SharedEptpIsAddress(in EntryContext c) =>
        !c.Core.InSeam || c[VmcsField.SharedEptp] >> c.Cap.PhysicalAddressBits == 0;

    /// <summary>TDX CPU Architectural Extensions: a TD is entered with a private HKID.</summary>
    [EntryCheck("control.td-hkid", EntryInvalidControls)]
    private static bool TdHkidIsPrivate(in EntryContext c) =>
        !c.Core.InSeam || c.Core.Memory.Keys.IsPrivate(new KeyId((ushort)c[VmcsField.TdHkid]));

    [EntryCheck("control.exit", EntryInvalidControls)]
    private static bool ExitHonoursCapability(in EntryContext c) => Honours(c.Exit, c.Cap.Exit);

    [EntryCheck("control.preemption-timer", EntryInvalidControls)]
    private static bool SavedTimerNeedsTimer(in EntryContext c) =>
        (c.Pin & PinControls.ActivatePreemptionTimer) != 0 || (c.Exit & ExitControls.SavePreemptionTimer) == 0;

    [EntryCheck("control.exit-msr-store", EntryInvalidControls)]
    private static bool ExitStoreAreaIsAddressable(in EntryContext c) =>
        IsArea(c, VmcsField.ExitMsrStoreAddress, VmcsField.ExitMsrStoreCount);

    [EntryCheck("control.exit-msr-load", EntryInvalidControls)]
    private static bool ExitLoadAreaIsAddressable(in EntryContext c) =>
        IsArea(c, VmcsField.ExitMsrLoadAddress, VmcsField.ExitMsrLoadCount);

    [EntryCheck("control.entry", EntryInvalidControls)]
    private static bool EntryHonoursCapability(in EntryContext c) => Honours(c.Entry, c.Cap.Entry);

    [EntryCheck("control.entry-msr-load", EntryInvalidControls)]
    private static bool EntryLoadAreaIsAddressable(in EntryContext c) =>
        IsArea(c, VmcsField.EntryMsrLoadAddress, VmcsField.EntryMsrLoadCount);

    [EntryCheck("control.smm", EntryInvalidControls)]
    private static bool NoSmmOutsideSmm(in EntryContext c) =>
        (c.Entry & (EntryControls.EntryToSmm | EntryControls.DeactivateDualMonitor)) == 0;

    private static bool IsArea(in EntryContext c, VmcsField address, VmcsField count)
    {
        ulong entries = c[count];
        return entries == 0 || c.IsAddress(address, 16) &&
            (c[address] + entries * 16 - 1) >> c.Cap.PhysicalAddressBits == 0;
    }
}

using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;
using static Seamsim.Isa.Vmx.VmcsField;
using EntryBits = Seamsim.Isa.Vmx.EntryControls;
using ExitBits = Seamsim.Isa.Vmx.ExitControls;

namespace Seamsim.Tests.Isa.Vmx;

/// <summary>One violation for each VM-entry check: the id, and what to do to a VMCS that is good otherwise.</summary>
internal static class EntryCheckRows
{
    private const ulong NonCanonical = 1UL << 60, Valid = 1UL << 31;

    public static IEnumerable<(string Id, Action<VmxRig> Break)> All => [.. Controls, .. Host, .. Guest];

    private static void Set(VmxRig rig, VmcsField field, ulong value) => rig.V.Store(field, value);

    private static void Or(VmxRig rig, VmcsField field, ulong bits) => rig.V.Store(field, rig.V[field] | bits);

    private static void Clear(VmxRig rig, VmcsField field, ulong bits) => rig.V.Store(field, rig.V[field] & ~bits);

    private static void Inject(VmxRig rig, ulong information) => Set(rig, EntryInterruptionInformation, Valid |
        information);

    private static IEnumerable<(string, Action<VmxRig>)> Controls =>
    [
        ("control.pin",              r => Clear(r, PinBasedControls, 2)),
        ("control.proc",             r => Or(r, ProcBasedControls, 1)),
        ("control.proc2",            r => Or(r, ProcBasedControls2, ProcControls2.VmcsShadowing)),
        ("control.proc3",            r =>
        {
            Or(r, ProcBasedControls, ProcControls.ActivateTertiaryControls);
            Set(r, ProcBasedControls3, 1UL << 40);
        }),
        ("control.cr3-target-count", r => Set(r, Cr3TargetCount, 5)),
        ("control.io-bitmaps",       r => Set(r, IoBitmapB, VmxRig.IoBitmapB + 1)),
        ("control.msr-bitmap",       r => Set(r, VmcsField.MsrBitmap, 1UL << 52)),
        ("control.virtual-apic",     r =>
        {
            Or(r, ProcBasedControls, ProcControls.UseTprShadow);
            Set(r, VirtualApicAddress, 8);
        }),
        ("control.tpr-threshold",    r =>
        {
            Or(r, ProcBasedControls, ProcControls.UseTprShadow);
            Set(r, TprThreshold, 16);
        }),
        ("control.apic-virtualization", r => Or(r, ProcBasedControls2, ProcControls2.VirtualizeX2ApicMode)),
        ("control.virtual-nmis",     r => Clear(r, PinBasedControls, PinControls.NmiExiting)),
        ("control.nmi-window",       r =>
        {
            Clear(r, PinBasedControls, PinControls.VirtualNmis);
            Or(r, ProcBasedControls, ProcControls.NmiWindowExiting);
        }),
        ("control.apic-access",      r =>
        {
            Or(r, ProcBasedControls2, ProcControls2.VirtualizeApicAccesses);
            Set(r, ApicAccessAddress, 1);
        }),
        ("control.x2apic",           r =>
        {
            Or(r, ProcBasedControls, ProcControls.UseTprShadow);
            Or(r, ProcBasedControls2, ProcControls2.VirtualizeX2ApicMode | ProcControls2.VirtualizeApicAccesses);
        }),
        ("control.virtual-interrupt-delivery", r =>
        {
            Clear(r, PinBasedControls, PinControls.ExternalInterruptExiting);
            Or(r, ProcBasedControls, ProcControls.UseTprShadow);
            Or(r, ProcBasedControls2, ProcControls2.VirtualInterruptDelivery);
        }),
        ("control.posted-interrupts", r => Or(r, PinBasedControls, PinControls.ProcessPostedInterrupts)),
        ("control.vpid",             r => Set(r, Vpid, 0)),
        ("control.eptp",             r => Set(r, Eptp, VmxRig.Pml4 | 2 << 3 | 6)),
        ("control.pml",              r =>
        {
            Or(r, ProcBasedControls2, ProcControls2.EnablePml);
            Set(r, PmlAddress, 1);
        }),
        ("control.ept-dependents",   r => Clear(r, ProcBasedControls2, ProcControls2.EnableEpt)),
        ("control.vm-functions",     r =>
        {
            Or(r, ProcBasedControls2, ProcControls2.EnableVmFunctions);
            Set(r, VmFunctionControls, 2);
        }),
        ("control.vmcs-shadowing",   r =>
        {
            // No model offers shadowing: the check is reached by granting the control.
            r.Core.Capabilities = Granting(r.Core.Capabilities, ProcControls2.VmcsShadowing);
            Or(r, ProcBasedControls2, ProcControls2.VmcsShadowing);
            Set(r, VmreadBitmap, 1);
        }),
        ("control.ve-information",   r =>
        {
            Or(r, ProcBasedControls2, ProcControls2.EptViolationVe);
            Set(r, VirtualizationExceptionInformationAddress, 0x7008);
        }),
        ("control.tsc-multiplier",   r => Or(r, ProcBasedControls2, ProcControls2.UseTscScaling)),
        ("control.shared-eptp",      r =>
        {
            r.BecomeTd(32);
            Set(r, SharedEptp, 1UL << 52);
        }),
        ("control.td-hkid",          r => r.BecomeTd(31)),
        ("control.exit",             r => Or(r, VmcsField.ExitControls, 1UL << 31)),
        ("control.preemption-timer", r => Or(r, VmcsField.ExitControls, ExitBits.SavePreemptionTimer)),
        ("control.exit-msr-store",   r => Area(r, ExitMsrStoreAddress, ExitMsrStoreCount)),
        ("control.exit-msr-load",    r => Area(r, ExitMsrLoadAddress, ExitMsrLoadCount)),
        ("control.entry",            r => Clear(r, VmcsField.EntryControls, 1)),
        ("control.entry-msr-load",   r => Area(r, EntryMsrLoadAddress, EntryMsrLoadCount)),
        ("control.smm",              r => Or(r, VmcsField.EntryControls, EntryBits.EntryToSmm)),
        ("injection.type",           r => Inject(r, 1 << 8)),
        ("injection.vector",         r => Inject(r, 3 | 2 << 8)),
        ("injection.deliver-error-code", r => Inject(r, 0x30 | 1 << 11)),
        ("injection.reserved",       r => Inject(r, 6 | 3 << 8 | 1 << 12)),
        ("injection.error-code",     r =>
        {
            Inject(r, 13 | 3 << 8 | 1 << 11);
            Set(r, EntryExceptionErrorCode, 1 << 16);
        }),
        ("injection.instruction-length", r =>
        {
            Inject(r, 0x80 | 4 << 8);
            Set(r, EntryInstructionLength, 16);
        }),
    ];

    private static IEnumerable<(string, Action<VmxRig>)> Host =>
    [
        ("host.cr0.fixed",       r => Clear(r, HostCr0, Cr0Bit.Ne)),
        ("host.cr4.fixed",       r => Clear(r, HostCr4, Cr4Bit.Vmxe)),
        ("host.cr4.cet",         r =>
        {
            Or(r, HostCr4, Cr4Bit.Cet);
            Clear(r, HostCr0, Cr0Bit.Wp);
        }),
        ("host.cr3",             r => Or(r, HostCr3, 1UL << 52)),
        ("host.sysenter",        r => Set(r, HostSysenterEip, NonCanonical)),
        ("host.pat",             r => Set(r, HostPat, 2)),
        ("host.efer",            r => Clear(r, HostEfer, EferBit.Lma)),
        ("host.cet",             r =>
        {
            Or(r, VmcsField.ExitControls, ExitBits.LoadCetState);
            Set(r, HostSsp, 2);
        }),
        ("host.pkrs",            r =>
        {
            Or(r, VmcsField.ExitControls, ExitBits.LoadPkrs);
            Set(r, HostPkrs, 1UL << 32);
        }),
        ("host.selectors",       r => Set(r, HostDsSelector, 3)),
        ("host.selectors.null",  r => Set(r, HostTrSelector, 0)),
        ("host.bases",           r => Set(r, HostGsBase, NonCanonical)),
        ("host.mode",            r =>
        {
            Clear(r, VmcsField.ExitControls, ExitBits.HostAddressSpaceSize | ExitBits.LoadEfer);
        }),
        ("host.mode.controls",   r => Clear(r, HostCr4, Cr4Bit.Pae)),
        ("host.rip",             r => Set(r, HostRip, NonCanonical)),
    ];

    private static IEnumerable<(string, Action<VmxRig>)> Guest => [.. Registers, .. Segments, .. NonRegisters];

    private static IEnumerable<(string, Action<VmxRig>)> Registers =>
    [
        ("guest.cr0.fixed",      r => Clear(r, GuestCr0, Cr0Bit.Ne)),
        ("guest.cr0.paging",     r => Clear(r, GuestCr0, Cr0Bit.Pe)),
        ("guest.cr4.fixed",      r => Or(r, GuestCr4, 1UL << 40)),
        ("guest.cr4.cet",        r =>
        {
            Or(r, GuestCr4, Cr4Bit.Cet);
            Clear(r, GuestCr0, Cr0Bit.Wp);
        }),
        ("guest.debugctl",       r => Set(r, GuestDebugctl, 1UL << 20)),
        ("guest.ia32e-mode",     r => Clear(r, GuestCr4, Cr4Bit.Pae)),
        ("guest.cr4.pcide",      r =>
        {
            Clear(r, VmcsField.EntryControls, EntryBits.Ia32eModeGuest);
            Or(r, GuestCr4, Cr4Bit.Pcide);
        }),
        ("guest.cr3",            r => Or(r, GuestCr3, 1UL << 52)),
        ("guest.dr7",            r => Or(r, GuestDr7, 1UL << 32)),
        ("guest.sysenter",       r => Set(r, GuestSysenterEsp, NonCanonical)),
        ("guest.pat",            r => Set(r, GuestPat, 3)),
        ("guest.efer",           r => Clear(r, GuestEfer, EferBit.Lme)),
        ("guest.bndcfgs",        r =>
        {
            r.Core.Capabilities = GrantingEntry(r.Core.Capabilities, EntryBits.LoadBndcfgs);
            Or(r, VmcsField.EntryControls, EntryBits.LoadBndcfgs);
            Set(r, GuestBndcfgs, 4);
        }),
        ("guest.cet",            r =>
        {
            Or(r, VmcsField.EntryControls, EntryBits.LoadCetState);
            Set(r, GuestSsp, 1);
        }),
        ("guest.pkrs",           r =>
        {
            Or(r, VmcsField.EntryControls, EntryBits.LoadPkrs);
            Set(r, GuestPkrs, 1UL << 32);
        }),
        ("guest.descriptor-tables.base",  r => Set(r, GuestIdtrBase, NonCanonical)),
        ("guest.descriptor-tables.limit", r => Set(r, GuestGdtrLimit, 0x1_0000)),
        ("guest.rip",            r => Set(r, GuestRip, NonCanonical)),
        ("guest.rflags.reserved", r => Or(r, GuestRflags, 1 << 3)),
        ("guest.rflags.vm",      r => Or(r, GuestRflags, RflagsBit.Vm)),
        ("guest.rflags.if",      r => Inject(r, 0x30)),
    ];

    private static IEnumerable<(string, Action<VmxRig>)> Segments =>
    [
        ("guest.tr.selector",      r => Or(r, GuestTrSelector, 4)),
        ("guest.ldtr.selector",    r =>
        {
            Set(r, GuestLdtrAccessRights, 0x82);
            Set(r, GuestLdtrSelector, 0x2C);
        }),
        ("guest.ss.rpl",           r =>
        {
            Restrict(r);
            Or(r, GuestSsSelector, 3);
        }),
        ("guest.segments.v86-base", r =>
        {
            BecomeVirtual8086(r);
            Set(r, GuestFsBase, 0x123);
        }),
        ("guest.segments.canonical", r => Set(r, GuestGsBase, NonCanonical)),
        ("guest.segments.base",    r => Set(r, GuestDsBase, 1UL << 32)),
        ("guest.segments.v86-limit", r =>
        {
            BecomeVirtual8086(r);
            Set(r, GuestEsLimit, 0xFFFFF);
        }),
        ("guest.segments.v86-rights", r =>
        {
            BecomeVirtual8086(r);
            Set(r, GuestEsAccessRights, 0x93);
        }),
        ("guest.cs.type",          r => Set(r, GuestCsAccessRights, 0xA092)),
        ("guest.ss.type",          r => Set(r, GuestSsAccessRights, 0xC091)),
        ("guest.ds.type",          r => Set(r, GuestDsAccessRights, 0xC092)),
        ("guest.segments.s",       r => Set(r, GuestFsAccessRights, 0xC083)),
        ("guest.cs.dpl",           r => Set(r, GuestCsAccessRights, 0xA0FB)),
        ("guest.ss.dpl",           r =>
        {
            Restrict(r);
            Set(r, GuestCsAccessRights, 0xA0BB);
            Set(r, GuestSsAccessRights, 0xC0B3);
        }),
        ("guest.ds.dpl",           r =>
        {
            Restrict(r);
            Or(r, GuestEsSelector, 3);
        }),
        ("guest.segments.p",       r => Set(r, GuestGsAccessRights, 0xC013)),
        ("guest.segments.reserved", r => Or(r, GuestGsAccessRights, 1 << 8)),
        ("guest.cs.db",            r => Set(r, GuestCsAccessRights, 0xE09B)),
        ("guest.segments.g",       r => Set(r, GuestGsLimit, 0xFFFF_F000)),
        ("guest.tr.usable",        r => Or(r, GuestTrAccessRights, SegmentBit.Unusable)),
        ("guest.tr.type",          r => Set(r, GuestTrAccessRights, 0x83)),
        ("guest.tr.rights",        r => Set(r, GuestTrAccessRights, 0x0B)),
        ("guest.ldtr.type",        r => Set(r, GuestLdtrAccessRights, 0x83)),
        ("guest.ldtr.rights",      r => Set(r, GuestLdtrAccessRights, 0x02)),
    ];

    private static IEnumerable<(string, Action<VmxRig>)> NonRegisters =>
    [
        ("guest.activity",             r => Set(r, GuestActivityState, 4)),
        ("guest.activity.hlt",         r =>
        {
            Set(r, GuestActivityState, 1);
            Set(r, GuestCsAccessRights, 0xA0FB);
            Set(r, GuestSsAccessRights, 0xC0F3);
        }),
        ("guest.activity.blocking",    r =>
        {
            Set(r, GuestActivityState, 1);
            Set(r, GuestInterruptibilityState, 2);
        }),
        ("guest.activity.injection",   r =>
        {
            Set(r, GuestActivityState, 3);
            Inject(r, 2 | 2 << 8);
        }),
        ("guest.interruptibility.reserved", r => Set(r, GuestInterruptibilityState, 32)),
        ("guest.interruptibility.shadow",   r =>
        {
            Or(r, GuestRflags, RflagsBit.If);
            Set(r, GuestInterruptibilityState, 3);
        }),
        ("guest.interruptibility.sti",      r => Set(r, GuestInterruptibilityState, 1)),
        ("guest.interruptibility.interrupt", r =>
        {
            Or(r, GuestRflags, RflagsBit.If);
            Set(r, GuestInterruptibilityState, 2);
            Inject(r, 0x30);
        }),
        ("guest.interruptibility.nmi",      r =>
        {
            Set(r, GuestInterruptibilityState, 2);
            Inject(r, 2 | 2 << 8);
        }),
        ("guest.interruptibility.smi",      r => Set(r, GuestInterruptibilityState, 4)),
        ("guest.interruptibility.virtual-nmi", r =>
        {
            Set(r, GuestInterruptibilityState, 8);
            Inject(r, 2 | 2 << 8);
        }),
        ("guest.interruptibility.enclave",  r => Set(r, GuestInterruptibilityState, 16)),
        ("guest.pending-debug.reserved",    r => Set(r, GuestPendingDebugExceptions, 1 << 13)),
        ("guest.pending-debug.bs",          r =>
        {
            Set(r, GuestInterruptibilityState, 2);
            Set(r, GuestPendingDebugExceptions, 1 << 14);
        }),
        ("guest.vmcs-link-pointer",         r => Set(r, VmcsLinkPointer, 0xA000)),
        ("guest.pdptes",                    r =>
        {
            Clear(r, VmcsField.EntryControls, EntryBits.Ia32eModeGuest);
            Clear(r, GuestEfer, EferBit.Lma | EferBit.Lme);
            Set(r, GuestPdpte2, 1 | 1 << 5);
        }),
    ];

    private static void Area(VmxRig r, VmcsField address, VmcsField count)
    {
        Set(r, count, 1);
        Set(r, address, 8);
    }

    private static void Restrict(VmxRig r) => Clear(r, ProcBasedControls2, ProcControls2.UnrestrictedGuest);

    private static void BecomeVirtual8086(VmxRig r)
    {
        Clear(r, VmcsField.EntryControls, EntryBits.Ia32eModeGuest);
        Clear(r, GuestEfer, EferBit.Lma | EferBit.Lme);
        Or(r, GuestRflags, RflagsBit.Vm);
        for (int segment = SegmentFields.Es; segment <= SegmentFields.Gs; segment++)
        {
            Set(r, SegmentFields.Base(segment), r.V[SegmentFields.Selector(segment)] << 4);
            Set(r, SegmentFields.Limit(segment), 0xFFFF);
            Set(r, SegmentFields.Rights(segment), 0xF3);
        }
    }

    private static VmxCapabilities Granting(VmxCapabilities c, uint control) => c with { Proc2 = c.Proc2 |
        (ulong)control << 32 };

    private static VmxCapabilities GrantingEntry(VmxCapabilities c, uint control) => c with { Entry = c.Entry |
        (ulong)control << 32 };
}

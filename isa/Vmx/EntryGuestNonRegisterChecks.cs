using System.Buffers.Binary;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Vmx;

/// <summary>Checks on guest non-register state and PDPTEs. SDM vol. 3C, 27.3.1.5 and 27.3.1.6.</summary>
internal static class EntryGuestNonRegisterChecks
{
    private const uint BySti = 1, ByMovSs = 2, BySmi = 4, ByNmi = 8;
    private const uint OtherEvent = 7;
    private const ulong PendingReserved = 0xFFFF_FFFF_FFFE_AFF0;

    public static EntryRule[] All =>
    [
        ActivityStateIsSupported, HaltNeedsPrivilege, BlockingNeedsActivity, ActivityAllowsInjection,
        InterruptibilityReservedBits, OneShadowAtATime, ShadowNeedsInterruptFlag, InterruptNeedsNoShadow,
        NmiNeedsNoMovSs, NoSmiBlockingOutsideSmm, NmiNeedsNoNmiBlocking, NoEnclaveInterruption,
        PendingDebugReservedBits, PendingSingleStepIsConsistent, LinkPointerIsValid, PdptesAreValid,
    ];

    private static uint Blocking(in EntryContext c) => c.V.Dword(VmcsField.GuestInterruptibilityState);

    private static ActivityState Activity(in EntryContext c) => (ActivityState)c[VmcsField.GuestActivityState];

    private static bool InjectsType(in EntryContext c, EventType type) =>
        c.Injects && Interruption.TypeOf(c.Injected) == (uint)type;

    [EntryCheck("guest.activity")]
    private static bool ActivityStateIsSupported(in EntryContext c)
    {
        ulong state = c[VmcsField.GuestActivityState];
        return state == 0 || state <= 3 && (c.Cap.Misc >> (5 + (int)state) & 1) != 0;
    }

    [EntryCheck("guest.activity.hlt")]
    private static bool HaltNeedsPrivilege(in EntryContext c) =>
        Activity(c) != ActivityState.Hlt || (c[VmcsField.GuestSsAccessRights] >> 5 & 3) == 0;

    [EntryCheck("guest.activity.blocking")]
    private static bool BlockingNeedsActivity(in EntryContext c) =>
        Activity(c) == ActivityState.Active || (Blocking(c) & (BySti | ByMovSs)) == 0;

    [EntryCheck("guest.activity.injection")]
    private static bool ActivityAllowsInjection(in EntryContext c)
    {
        if (!c.Injects)
            return true;
        bool exception = InjectsType(c, EventType.HardwareException);
        var vector = (Vector)Interruption.VectorOf(c.Injected);
        bool machineCheck = exception && vector == Vector.MC, nmi = InjectsType(c, EventType.Nmi);
        return Activity(c) switch
        {
            ActivityState.Active => true,
            ActivityState.Hlt => nmi || machineCheck || exception && vector == Vector.DB ||
                InjectsType(c, EventType.ExternalInterrupt) || Interruption.TypeOf(c.Injected) == OtherEvent,
            ActivityState.Shutdown => nmi || machineCheck,
            _ => false,
        };
    }

    [EntryCheck("guest.interruptibility.reserved")]
    private static bool InterruptibilityReservedBits(in EntryContext c) => Blocking(c) >> 5 == 0;

    [EntryCheck("guest.interruptibility.shadow")]
    private static bool OneShadowAtATime(in EntryContext c) => (Blocking(c) & (BySti | ByMovSs)) != (BySti | ByMovSs);

    [EntryCheck("guest.interruptibility.sti")]
    private static bool ShadowNeedsInterruptFlag(in EntryContext c) =>
        (Blocking(c) & BySti) == 0 || (c[VmcsField.GuestRflags] & RflagsBit.If) != 0;

    [EntryCheck("guest.interruptibility.interrupt")]
    private static bool InterruptNeedsNoShadow(in EntryContext c) =>
        !InjectsType(c, EventType.ExternalInterrupt) || (Blocking(c) & (BySti | ByMovSs)) == 0;

    [EntryCheck("guest.interruptibility.nmi")]
    private static bool NmiNeedsNoMovSs(in EntryContext c) =>
        !InjectsType(c, EventType.Nmi) || (Blocking(c) & ByMovSs) == 0;

    [EntryCheck("guest.interruptibility.smi")]
    private static bool NoSmiBlockingOutsideSmm(in EntryContext c) => (Blocking(c) & BySmi) == 0;

    [EntryCheck("guest.interruptibility.virtual-nmi")]
    private static bool NmiNeedsNoNmiBlocking(in EntryContext c) =>
        (c.Pin & PinControls.VirtualNmis) == 0 || !InjectsType(c, EventType.Nmi) || (Blocking(c) & ByNmi) == 0;

    [EntryCheck("guest.interruptibility.enclave")]
    private static bool NoEnclaveInterruption(in EntryContext c) => (Blocking(c) & 16) == 0;

    [EntryCheck("guest.pending-debug.reserved")]
    private static bool PendingDebugReservedBits(in EntryContext c) =>
        (c[VmcsField.GuestPendingDebugExceptions] & PendingReserved) == 0;

    [EntryCheck("guest.pending-debug.bs")]
    private static bool PendingSingleStepIsConsistent(in EntryContext c)
    {
        bool held = (Blocking(c) & (BySti | ByMovSs)) != 0 || Activity(c) == ActivityState.Hlt;
        bool trap = (c[VmcsField.GuestRflags] & RflagsBit.Tf) != 0, branches = (c[VmcsField.GuestDebugctl] & 2) != 0;
        bool pending = (c[VmcsField.GuestPendingDebugExceptions] & (1 << 14)) != 0;
        return !held || pending == (trap && !branches);
    }

    [EntryCheck("guest.vmcs-link-pointer", EntryQualification.VmcsLinkPointer)]
    private static bool LinkPointerIsValid(in EntryContext c)
    {
        ulong link = c[VmcsField.VmcsLinkPointer];
        if (link == ulong.MaxValue)
            return true;
        if (!c.IsAddress(VmcsField.VmcsLinkPointer))
            return false;
        Span<byte> revision = stackalloc byte[4];
        c.Core.Memory.Read(new Hpa(link), revision, c.Core.InSeam);
        bool shadow = c.Has2(ProcControls2.VmcsShadowing);
        return BinaryPrimitives.ReadUInt32LittleEndian(revision) == (c.Cap.RevisionId | (shadow ? 1u << 31 : 0));
    }

    [EntryCheck("guest.pdptes", EntryQualification.PdpteLoading)]
    private static bool PdptesAreValid(in EntryContext c)
    {
        bool paePaging = (c[VmcsField.GuestCr0] & Cr0Bit.Pg) != 0 && (c[VmcsField.GuestCr4] & Cr4Bit.Pae) != 0 &&
            !c.Ia32eGuest;
        if (!paePaging || !c.Has2(ProcControls2.EnableEpt))
            return true;
        ulong reserved = (ulong.MaxValue << c.Cap.PhysicalAddressBits) | 0x1E6;
        for (int i = 0; i < 4; i++)
        {
            ulong entry = c[VmcsLayout.Following(VmcsField.GuestPdpte0, i)];
            if ((entry & 1) != 0 && (entry & reserved) != 0)
                return false;
        }
        return true;
    }
}

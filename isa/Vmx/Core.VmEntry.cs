using Seamsim.Isa.Engine;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.State;

// VM entries. SDM vol. 3C, chapter 27.
public sealed unsafe partial class Core
{
    private const uint OtherEvent = 7;
    private const ulong DebugTrap = (1 << 12) | (1 << 14) | (1 << 16);

    /// <summary>
    /// VMLAUNCH or VMRESUME of the current VMCS. On <see cref="VmxResult.Succeed"/> control has gone to the guest, or,
    /// for an entry failure after the host-state checks, to the host's exit handler; <paramref name="outcome"/> says
    /// how the engine goes on.
    /// </summary>
    internal VmxResult EnterGuest(bool launch, out Outcome outcome)
    {
        outcome = Outcome.Next;
        if (Vmx.Current == VmxState.NoVmcs)
            return VmxResult.FailInvalid;
        if ((Lp->InterruptShadow & 2) != 0)
            return VmFail(VmInstructionError.EntryBlockedByMovSs);
        Vmcs v = CurrentVmcs;
        if (launch == v.Launched)
            return VmFail(launch ? VmInstructionError.VmlaunchNonClear : VmInstructionError.VmresumeNonLaunched);
        if (EntryChecks.FirstViolation(this, v, guestState: false) is { } broken)
            return VmFail(broken.Rule.Error);
        outcome = EntryChecks.FirstViolation(this, v, guestState: true) is { } guest
            ? FailEntry(ExitReason.EntryFailureGuestState, (ulong)guest.Rule.Qualification)
            : LoadGuest(v, launch);
        return VmxResult.Succeed;
    }

    private Outcome LoadGuest(Vmcs v, bool launch)
    {
        GuestState.Load(this, v);
        if (!MsrAreas.Load(this, v, VmcsField.EntryMsrLoadAddress, VmcsField.EntryMsrLoadCount, out uint failed))
            return FailEntry(ExitReason.EntryFailureMsrLoading, failed);
        if (launch)
            v.MarkLaunched(true);
        Vmx.NonRoot = true;
        if (!IsSet(v, ProcControls2.EnableVpid))
            FlushTlb();
        if ((v.Dword(VmcsField.PinBasedControls) & PinControls.ActivatePreemptionTimer) != 0)
        {
            Probe?.TimeUsed(this, timer: true, v.Dword(VmcsField.PreemptionTimerValue));
            Vmx.PreemptionDeadline =
                Lp->Cycles + ((ulong)v.Dword(VmcsField.PreemptionTimerValue) << VmxCapabilities.PreemptionShift);
        }
        if (IsSet(v, ProcControls2.VirtualInterruptDelivery))
            UpdateVirtualPpr(v);
        ModeChanged();
        uint cycles = ChargeOperation(Operation.VmEntry);
        Probe?.Switched(this, Operation.VmEntry, resumed: !launch);
        if (Vmx.Seam)
            Worlds?.Switched(this, Operation.VmEntry, cycles);
        return InjectEvent(v);
    }

    /// <summary>Event injection and pending debug exceptions. SDM vol. 3C, 27.6 and 27.7.3.</summary>
    private Outcome InjectEvent(Vmcs v)
    {
        uint information = v.Dword(VmcsField.EntryInterruptionInformation);
        if ((information & Interruption.Valid) == 0)
            return DeliverPendingDebug();
        if (Interruption.TypeOf(information) == OtherEvent)
        {
            Vmx.MtfArmed = true;
            return Outcome.Jumped;
        }
        // An injected event ends HLT and is not held back by the interrupt shadow.
        Lp->Activity = ActivityState.Active;
        var type = (EventType)Interruption.TypeOf(information);
        uint? error = (information & Interruption.HasErrorCode) != 0
            ? v.Dword(VmcsField.EntryExceptionErrorCode)
            : null;
        int length = (int)v.Dword(VmcsField.EntryInstructionLength);
        if (type == EventType.Nmi)
            Lp->NmiBlocked = (v.Dword(VmcsField.PinBasedControls) & PinControls.VirtualNmis) != 0 || Lp->NmiBlocked;
        return DeliverEvent(Interruption.VectorOf(information), type, error, length);
    }

    private Outcome DeliverPendingDebug()
    {
        if ((Lp->PendingDebug & DebugTrap) == 0 || (Lp->InterruptShadow & 2) != 0)
            return Lp->Activity == ActivityState.Active ? Outcome.Jumped : Outcome.Halted;
        ulong conditions = Lp->PendingDebug & 0x400F;
        Lp->PendingDebug = 0;
        return Raise(Vector.DB, 0, conditions);
    }
}

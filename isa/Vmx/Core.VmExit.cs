using Seamsim.Isa.Engine;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.State;

// VM exits. SDM vol. 3C, chapter 28.
public sealed unsafe partial class Core
{
    private const uint EntryFailureBit = 1u << 31;

    /// <summary>
    /// A VM exit that carries a reason, a qualification and the length of the instruction that causes it.
    /// </summary>
    /// <returns><see cref="Outcome.Jumped"/>: the host runs at its RIP; <see cref="Outcome.Shutdown"/> on a VMX
    /// abort.</returns>
    public Outcome VmExit(ExitReason reason, ulong qualification = 0, int instructionLength = 0) =>
        VmExit(new ExitInformation(reason)
        {
            Qualification = qualification, InstructionLength = (uint)instructionLength,
        });

    /// <summary>A VM exit: information fields, guest state, MSR areas, host state, in the manual's order.</summary>
    internal Outcome VmExit(in ExitInformation exit)
    {
        Timing?.Settle(this);
        Vmcs v = CurrentVmcs;
        RecordExit(v, exit, (uint)exit.Reason);
        v[VmcsField.IdtVectoringInformation] = Vmx.Vectoring;
        v[VmcsField.IdtVectoringErrorCode] = Vmx.VectoringErrorCode;
        v[VmcsField.EntryInterruptionInformation] =
            v.Dword(VmcsField.EntryInterruptionInformation) & ~Interruption.Valid;
        GuestState.Save(this, v, exit);
        if (!MsrAreas.Store(this, v))
            return VmxAbort(v, 1);
        return LeaveNonRoot(v, exit);
    }

    /// <summary>
    /// A VM-entry failure after the controls were found good: the guest-state area stays as it is (27.8).
    /// </summary>
    internal Outcome FailEntry(ExitReason reason, ulong qualification)
    {
        Vmcs v = CurrentVmcs;
        RecordExit(v, new ExitInformation(reason) { Qualification = qualification }, (uint)reason | EntryFailureBit);
        return LeaveNonRoot(v, new ExitInformation(reason));
    }

    private void RecordExit(Vmcs v, in ExitInformation exit, uint reason)
    {
        Probe?.Exited(this, reason, exit.Qualification, exit.GuestLinear, exit.GuestPhysical);
        v[VmcsField.ExitReason] = reason;
        v[VmcsField.ExitQualification] = exit.Qualification;
        v[VmcsField.ExitInterruptionInformation] = exit.Interruption;
        v[VmcsField.ExitInterruptionErrorCode] = exit.InterruptionErrorCode;
        v[VmcsField.ExitInstructionLength] = exit.InstructionLength;
        v[VmcsField.ExitInstructionInformation] = exit.InstructionInformation;
        v[VmcsField.GuestLinearAddress] = exit.GuestLinear;
        v[VmcsField.GuestPhysicalAddress] = exit.GuestPhysical;
    }

    private Outcome LeaveNonRoot(Vmcs v, in ExitInformation exit)
    {
        bool flush = !IsSet(v, ProcControls2.EnableVpid);
        Vmx.NonRoot = false;
        Vmx.Vectoring = Vmx.VectoringErrorCode = 0;
        Vmx.PendingEpt = null;
        Vmx.MtfArmed = Vmx.TprBelowThreshold = false;
        Vmx.PreemptionDeadline = ulong.MaxValue;
        Lp->NmiBlocked = exit.BlocksNmi;
        HostState.Load(this, v);
        if (!MsrAreas.Load(this, v, VmcsField.ExitMsrLoadAddress, VmcsField.ExitMsrLoadCount, out _))
            return VmxAbort(v, 4);
        if (flush)
            FlushTlb();
        ModeChanged();
        uint cycles = ChargeOperation(Operation.VmExit);
        Probe?.Switched(this, Operation.VmExit);
        if (Vmx.Seam)
            Worlds?.Switched(this, Operation.VmExit, cycles);
        return Outcome.Jumped;
    }

    /// <summary>VMX abort: the indicator is stored and the logical processor shuts down. SDM vol. 3C, 28.7.</summary>
    private Outcome VmxAbort(Vmcs v, uint indicator)
    {
        v.AbortIndicator = indicator;
        Lp->Activity = ActivityState.Shutdown;
        return Outcome.Shutdown;
    }

    /// <summary>
    /// An event is about to go through the IDT: a VM exit until <see cref="EndVectoring"/> reports it.
    /// </summary>
    internal void BeginVectoring(byte vector, EventType type, uint? errorCode, int instructionLength)
    {
        Vmx.Vectoring = Interruption.Of(vector, type, errorCode is not null);
        Vmx.VectoringErrorCode = errorCode ?? 0;
    }

    /// <summary>The event has been delivered.</summary>
    internal void EndVectoring() => Vmx.Vectoring = Vmx.VectoringErrorCode = 0;
}

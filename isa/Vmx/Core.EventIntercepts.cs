using System.Buffers.Binary;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.State;

// Exceptions, interrupts, windows and timers of a guest. SDM vol. 3C, 26.2 and 26.5.
public sealed unsafe partial class Core
{
    private const int VeValidOffset = 4;

    /// <summary>
    /// To be asked before <see cref="PendingFault"/> is delivered: an EPT violation or misconfiguration exits (or has
    /// become #VE in PendingFault), an exception selected by the exception bitmap exits.
    /// </summary>
    /// <param name="type">Hardware exception, or software exception for INT3 and INTO, or INT1's own type.</param>
    /// <param name="instructionLength">Length of the faulting instruction, for software exceptions.</param>
    /// <param name="outcome">What the caller returns when the result is true.</param>
    internal bool InterceptsFault(EventType type, int instructionLength, out Outcome outcome)
    {
        outcome = Outcome.Next;
        if (!Vmx.NonRoot)
            return false;
        if (Vmx.PendingEpt is { } ept)
        {
            Vmx.PendingEpt = null;
            if (!BecomesVe(ept))
            {
                outcome = EptExit(ept);
                return true;
            }
        }
        return InterceptsException(type, instructionLength, out outcome);
    }

    /// <summary>A fault while #DF was being delivered. SDM vol. 3C, 26.2.</summary>
    internal bool InterceptsTripleFault(out Outcome outcome)
    {
        outcome = Outcome.Next;
        if (!Vmx.NonRoot)
            return false;
        outcome = VmExit(new ExitInformation(ExitReason.TripleFault));
        return true;
    }

    /// <summary>SEAM root: external interrupts, NMIs and SMIs stay pending (IA32_INTR_PENDING shows them).</summary>
    internal bool InterruptsHeld => InSeamRoot;

    /// <summary>
    /// <see cref="PendingInterrupt"/> names an external interrupt: exits whatever RFLAGS.IF and the interrupt shadow
    /// say, and takes it from the local APIC when the exit acknowledges interrupts.
    /// </summary>
    internal bool InterceptsExternalInterrupt(out Outcome outcome)
    {
        outcome = Outcome.Next;
        if (!Vmx.NonRoot)
            return false;
        Vmcs v = CurrentVmcs;
        if ((v.Dword(VmcsField.PinBasedControls) & PinControls.ExternalInterruptExiting) == 0)
            return false;
        bool take = (v.Dword(VmcsField.ExitControls) & ExitControls.AcknowledgeInterruptOnExit) != 0;
        outcome = VmExit(new ExitInformation(ExitReason.ExternalInterrupt)
        {
            Interruption = take ? Interruption.Of(AcknowledgeInterrupt(), EventType.ExternalInterrupt, false) : 0,
        });
        return true;
    }

    /// <summary>An NMI is pending and not blocked.</summary>
    internal bool InterceptsNmi(out Outcome outcome)
    {
        outcome = Outcome.Next;
        if (!Vmx.NonRoot || (CurrentVmcs.Dword(VmcsField.PinBasedControls) & PinControls.NmiExiting) == 0)
            return false;
        outcome = VmExit(new ExitInformation(ExitReason.ExceptionOrNmi)
        {
            Interruption = Interruption.Of((byte)Vector.NMI, EventType.Nmi, false), BlocksNmi = true,
        });
        return true;
    }

    /// <summary>INIT always exits from non-root operation (it is blocked in root).</summary>
    internal bool InterceptsInit(out Outcome outcome)
    {
        outcome = Outcome.Next;
        if (!Vmx.NonRoot)
            return false;
        outcome = VmExit(new ExitInformation(ExitReason.InitSignal));
        return true;
    }

    /// <summary>
    /// Between two instructions, in the order of SDM vol. 3C, 26.2: an injected monitor-trap-flag exit, the
    /// VMX-preemption timer, the NMI window, the interrupt window, the TPR threshold, and (no exit, but its delivery) a
    /// virtual interrupt. The control of the monitor trap flag is
    /// <see cref="InterceptsTrap"/>.
    /// </summary>
    internal bool InterceptsWindow(out Outcome outcome)
    {
        outcome = Outcome.Next;
        if (!Vmx.NonRoot)
            return false;
        Vmcs v = CurrentVmcs;
        uint controls = v.Dword(VmcsField.ProcBasedControls);
        if (InterceptsMonitor)
            outcome = VmExit(ExitReason.MonitorTrapFlag);
        else if (Lp->Cycles >= Vmx.PreemptionDeadline)
            outcome = VmExit(ExitReason.PreemptionTimer);
        else if ((controls & ProcControls.NmiWindowExiting) != 0 && !Lp->NmiBlocked && (Lp->InterruptShadow & 2) == 0)
            outcome = VmExit(ExitReason.NmiWindow);
        else if ((controls & ProcControls.InterruptWindowExiting) != 0 && (Rflags & RflagsBit.If) != 0 &&
            Lp->InterruptShadow == 0)
            outcome = VmExit(ExitReason.InterruptWindow);
        else if (Vmx.TprBelowThreshold)
            outcome = VmExit(ExitReason.TprBelowThreshold);
        else
            return DeliversVirtualInterrupt(v, out outcome);
        return true;
    }

    /// <summary>An injected monitor-trap-flag exit is next; it comes before debug traps. SDM vol. 3C, 26.5.2.</summary>
    private bool InterceptsMonitor => Vmx.MtfArmed;

    /// <summary>Whether the monitor trap flag ends the guest's run after one instruction.</summary>
    internal bool SingleStepsGuest =>
        Vmx.NonRoot && (CurrentVmcs.Dword(VmcsField.ProcBasedControls) & ProcControls.MonitorTrapFlag) != 0;

    /// <summary>After an instruction (or an injected event): the monitor trap flag. SDM vol. 3C, 26.5.2.</summary>
    internal bool InterceptsTrap(out Outcome outcome)
    {
        outcome = Outcome.Next;
        if (!SingleStepsGuest)
            return false;
        outcome = VmExit(ExitReason.MonitorTrapFlag);
        return true;
    }

    /// <summary>The guest's TSC: offset and multiplier applied. SDM vol. 3C, 25.6.5.</summary>
    internal ulong GuestTsc(ulong tsc)
    {
        if (!Vmx.NonRoot)
            return tsc;
        Vmcs v = CurrentVmcs;
        if ((v.Dword(VmcsField.ProcBasedControls) & ProcControls.UseTscOffsetting) == 0)
            return tsc;
        if (IsSet(v, ProcControls2.UseTscScaling))
            tsc = (ulong)(((UInt128)tsc * v[VmcsField.TscMultiplier]) >> 48);
        return tsc + v[VmcsField.TscOffset];
    }

    /// <summary>Ticks the VMX-preemption timer has left.</summary>
    internal ulong PreemptionTimerLeft =>
        Vmx.PreemptionDeadline > Lp->Cycles
            ? (Vmx.PreemptionDeadline - Lp->Cycles) >> VmxCapabilities.PreemptionShift
            : 0;

    private bool InterceptsException(EventType type, int instructionLength, out Outcome outcome)
    {
        outcome = Outcome.Next;
        PendingFault fault = PendingFault;
        Vmcs v = CurrentVmcs;
        bool exits = (v.Dword(VmcsField.ExceptionBitmap) >> (int)fault.Vector & 1) != 0;
        if (fault.Vector == Vector.PF)
        {
            bool matches = (fault.ErrorCode & v.Dword(VmcsField.PageFaultErrorCodeMask)) ==
                v.Dword(VmcsField.PageFaultErrorCodeMatch);
            exits ^= !matches;
        }
        if (!exits)
            return false;
        bool hasError = HasErrorCode(fault.Vector);
        bool software = type is EventType.SoftwareException or EventType.PrivilegedSoftwareException;
        outcome = VmExit(new ExitInformation(ExitReason.ExceptionOrNmi)
        {
            Qualification = fault.Vector is Vector.PF or Vector.DB ? fault.Address : 0,
            Interruption = Interruption.Of((byte)fault.Vector, type, hasError),
            InterruptionErrorCode = hasError ? fault.ErrorCode : 0,
            InstructionLength = software ? (uint)instructionLength : 0,
            ResumeFlag = !software && fault.Vector != Vector.DB,
        });
        return true;
    }

    internal static bool HasErrorCode(Vector vector) =>
        vector is Vector.DF or Vector.TS or Vector.NP or Vector.SS or Vector.GP or Vector.PF or Vector.AC or Vector.CP;

    private Outcome EptExit(in EptFault fault) =>
        VmExit(new ExitInformation(fault.Misconfiguration ? ExitReason.EptMisconfiguration : ExitReason.EptViolation)
        {
            Qualification = fault.Misconfiguration ? 0 : fault.Qualification,
            GuestLinear = fault.Misconfiguration ? 0 : fault.Gla, GuestPhysical = fault.Gpa,
            ResumeFlag = Vmx.Vectoring == 0,
        });

    /// <summary>Convertible EPT violations become #VE and fill the information area. SDM vol. 3C, 26.5.7.</summary>
    private bool BecomesVe(in EptFault fault)
    {
        Vmcs v = CurrentVmcs;
        if (fault.Misconfiguration || !fault.Convertible || !IsSet(v, ProcControls2.EptViolationVe))
            return false;
        if ((Lp->Cr0 & Cr0Bit.Pe) == 0 || Vmx.Vectoring != 0)
            return false;
        Hpa area = ControlStructure(v, v[VmcsField.VirtualizationExceptionInformationAddress]);
        Span<byte> information = stackalloc byte[34];
        Memory.Read(area, information, Vmx.Seam);
        if (BinaryPrimitives.ReadUInt32LittleEndian(information[VeValidOffset..]) != 0)
            return false;
        BinaryPrimitives.WriteUInt32LittleEndian(information, (uint)ExitReason.EptViolation);
        BinaryPrimitives.WriteUInt32LittleEndian(information[VeValidOffset..], uint.MaxValue);
        BinaryPrimitives.WriteUInt64LittleEndian(information[8..], fault.Qualification);
        BinaryPrimitives.WriteUInt64LittleEndian(information[16..], fault.Gla);
        BinaryPrimitives.WriteUInt64LittleEndian(information[24..], fault.Gpa);
        BinaryPrimitives.WriteUInt16LittleEndian(information[32..], (ushort)v[VmcsField.EptpIndex]);
        Memory.Write(area, information, Vmx.Seam);
        PendingFault = new PendingFault(Vector.VE, 0, 0);
        return true;
    }
}

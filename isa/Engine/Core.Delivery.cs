using Seamsim.Isa.Engine;

namespace Seamsim.Isa.State;

// Exceptions and interrupts. SDM vol. 3A, chapter 6.
public sealed unsafe partial class Core
{
    // The longest way down: interrupt, contributory fault, page fault, double fault, and a machine check on each of them.
    private const int MaxNesting = 6;

    /// <summary>Delivers <see cref="PendingFault"/>: a VM exit, a handler, or shutdown. Never returns Fault.</summary>
    internal Outcome DeliverFault()
    {
        if (InterceptsFault(EventType.HardwareException, 0, out Outcome outcome))
            return outcome;
        PendingFault fault = PendingFault; // an EPT violation may have become #VE
        LoadFaultRegisters(fault);
        return DeliverEvent((byte)fault.Vector, EventType.HardwareException, ErrorCodeOf(fault), 0);
    }

    /// <summary>
    /// Delivers an event through the IDT as VM entry does for an injected event (no intercepts are consulted for the
    /// event itself; faults met on the way are combined with it and intercepted). For software events the saved RIP is
    /// <paramref name="instructionLength"/> bytes on.
    /// </summary>
    /// <returns>Jumped, Shutdown, or the outcome of a VM exit; never Fault.</returns>
    internal Outcome DeliverEvent(byte vector, EventType type, uint? errorCode, int instructionLength)
    {
        for (int nesting = 0; nesting < MaxNesting; nesting++)
        {
            BeginVectoring(vector, type, errorCode, instructionLength);
            Probe?.Delivered(this, vector, type, errorCode);
            ChargeOperation(Ports.Operation.ExceptionDelivery);
            Lp->Activity = ActivityState.Active;
            Lp->InterruptShadow = 0;
            DiscardTrap();
            if (EnterHandler(vector, type, errorCode, instructionLength) is var entered && entered != Outcome.Fault)
            {
                EndVectoring();
                return entered;
            }
            if (type == EventType.HardwareException && vector == (byte)Vector.DF)
                break;
            if (MakesDoubleFault((Vector)vector, type, PendingFault.Vector))
                PendingFault = new PendingFault(Vector.DF, 0, 0);
            if (InterceptsFault(EventType.HardwareException, 0, out Outcome outcome))
                return outcome;
            LoadFaultRegisters(PendingFault);
            (vector, type, errorCode, instructionLength) =
                ((byte)PendingFault.Vector, EventType.HardwareException, ErrorCodeOf(PendingFault), 0);
        }
        return InterceptsTripleFault(out Outcome exit) ? exit : Outcome.Shutdown;
    }

    /// <summary>CR2 of a page fault, DR6 and DR7 of a debug exception.</summary>
    private void LoadFaultRegisters(in PendingFault fault)
    {
        if (fault.Vector == Vector.PF)
            Lp->Cr2 = fault.Address;
        else if (fault.Vector == Vector.DB)
            LoadDr6(fault.Address);
    }

    /// <summary>SDM vol. 3A, table 6-5.</summary>
    private static bool MakesDoubleFault(Vector first, EventType type, Vector second)
    {
        if (type != EventType.HardwareException)
            return false;
        bool secondCounts = IsContributory(second) || IsPageFault(second);
        return IsContributory(first) ? IsContributory(second) : IsPageFault(first) && secondCounts;
    }

    private static bool IsContributory(Vector v) =>
        v is Vector.DE or Vector.TS or Vector.NP or Vector.SS or Vector.GP or Vector.CP;

    private static bool IsPageFault(Vector v) => v is Vector.PF or Vector.VE;

    private static uint? ErrorCodeOf(in PendingFault fault) => HasErrorCode(fault.Vector) ? fault.ErrorCode : null;

    private Outcome EnterHandler(byte vector, EventType type, uint? errorCode, int instructionLength)
    {
        bool software = type is EventType.SoftwareInterrupt or EventType.SoftwareException
            or EventType.PrivilegedSoftwareException;
        var entry = new EventEntry(this, vector, type)
        {
            ErrorCode = errorCode,
            ReturnRip = software ? Lp->Rip + (ulong)instructionLength : Lp->Rip,
            // faults set RF in the image, so that the instruction is not stopped by its own breakpoint again
            SavedFlags = Rflags | (type == EventType.HardwareException && vector != (byte)Vector.DB ? RflagsBit.Rf : 0),
        };
        return entry.Enter();
    }

    /// <summary>
    /// What is pending between two instructions, in order of priority (SDM vol. 3A, table 6-2); null when nothing is.
    /// </summary>
    private Outcome? TakeEvent()
    {
        if (Lp->Activity == ActivityState.Shutdown)
            return null;
        if (PendingInit && !InSeamRoot)
            return TakeInit();
        if (Lp->Activity == ActivityState.WaitForSipi)
            return TakeStartUp();
        if (!InterceptsMonitor && TakeDebugTrap() is { } trap)
            return trap;
        if (InterceptsWindow(out Outcome outcome))
            return outcome;
        if (InterruptsHeld)
            return null;
        if (PendingNmi && !Lp->NmiBlocked && (Lp->InterruptShadow & 2) == 0)
            return TakeNmi();
        int vector = PendingInterrupt;
        if (vector >= 0 && InterceptsExternalInterrupt(out outcome))
            return outcome;
        if (vector < 0 || (Lp->Rflags & RflagsBit.If) == 0 || Lp->InterruptShadow != 0)
            return TakeUserInterrupt();
        byte acknowledged = AcknowledgeInterrupt();
        return IsUserInterruptNotification(acknowledged)
            ? TakeUserInterruptNotification()
            : DeliverEvent(acknowledged, EventType.ExternalInterrupt, null, 0);
    }

    private Outcome TakeNmi()
    {
        PendingNmi = false;
        if (InterceptsNmi(out Outcome outcome))
            return outcome;
        Lp->NmiBlocked = true;
        return DeliverEvent((byte)Vector.NMI, EventType.Nmi, null, 0);
    }

    private Outcome? TakeInit()
    {
        if (InVmxOperation && !InNonRoot)
            return null; // blocked in VMX root operation
        PendingInit = false;
        if (InterceptsInit(out Outcome outcome))
            return outcome;
        ResetState();
        Lp->Activity = ActivityState.WaitForSipi;
        return Outcome.Jumped;
    }

    private Outcome? TakeStartUp()
    {
        int page = PendingStartUp;
        if (page < 0)
            return null;
        PendingStartUp = -1;
        Lp->Cs.Selector = (ushort)(page << 8);
        Lp->Cs.Base = (ulong)page << 12;
        Lp->Rip = 0;
        Lp->Activity = ActivityState.Active;
        ModeChanged();
        return Outcome.Jumped;
    }
}

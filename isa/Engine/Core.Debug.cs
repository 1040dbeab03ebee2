using Seamsim.Isa.Engine;

namespace Seamsim.Isa.State;

// Debug registers, single step and the resume flag. SDM vol. 3B, 18.2 and 18.3.
public sealed unsafe partial class Core
{
    private const int Breakpoints4 = 4;

    private bool watchesCode, watchesData, watchesPorts, keepsResumeFlag, trapDiscarded;
    private ulong armedDr7, armedDe, settledDebug;

    /// <summary>What a breakpoint of DR7 waits for.</summary>
    private enum BreakOn
    {
        Execution = 0, Write = 1, Port = 2, ReadOrWrite = 3,
    }

    /// <summary>
    /// TF, a loaded RF, an armed breakpoint, the monitor trap flag or an interrupt shadow: one instruction at a time.
    /// </summary>
    private bool MustStepEach => (Lp->Rflags & (RflagsBit.Tf | RflagsBit.Rf)) != 0 || Lp->InterruptShadow != 0
        || watchesCode || watchesData || watchesPorts || SingleStepsGuest
        || AwaitsEndbranch;

    /// <summary>Whether a string instruction must stop after each iteration.</summary>
    internal bool StopsAtIterations =>
        (Lp->Rflags & RflagsBit.Tf) != 0 || watchesData || watchesPorts || SingleStepsGuest;

    /// <summary>SYSCALL and SYSRET trap by the TF they leave, not by the one they found.</summary>
    internal void TrapsByNewFlags()
    {
        DiscardTrap();
        if ((Lp->Rflags & RflagsBit.Tf) != 0)
            Lp->PendingDebug |= DebugBit.SingleStep;
    }

    /// <summary>The instruction led to another context (a handler, a guest, a host): it makes no single-step trap.</summary>
    internal void DiscardTrap() => trapDiscarded = true;

    /// <summary>A string instruction goes on later: its breakpoint has been passed, and it shows RF meanwhile.</summary>
    internal void SuspendString()
    {
        Lp->Rflags |= RflagsBit.Rf;
        KeepResumeFlag();
    }

    /// <summary>MOV to a debug register has changed what is watched.</summary>
    internal void DebugRegistersChanged()
    {
        Arm();
        Tlbs.Clear();
        ModeChanged();
    }

    /// <summary>Looks at DR7 and CR4.DE when they have changed: watched pages must not be in the TLB.</summary>
    private void ArmBreakpoints()
    {
        if (Lp->Dr7 == armedDr7 && (Lp->Cr4 & Cr4Bit.De) == armedDe)
            return;
        bool watched = watchesData;
        Arm();
        if (watchesData || watched)
            Tlbs.Clear();
    }

    private void Arm()
    {
        (armedDr7, armedDe) = (Lp->Dr7, Lp->Cr4 & Cr4Bit.De);
        watchesCode = watchesData = watchesPorts = false;
        for (int n = 0; n < Breakpoints4; n++)
        {
            if (!IsEnabled(n))
                continue;
            BreakOn on = ConditionOf(n);
            watchesCode |= on == BreakOn.Execution;
            watchesData |= on is BreakOn.Write or BreakOn.ReadOrWrite;
            watchesPorts |= on == BreakOn.Port && armedDe != 0;
        }
    }

    private bool IsEnabled(int n) => (Lp->Dr7 >> (2 * n) & 3) != 0;

    private BreakOn ConditionOf(int n) => (BreakOn)(Lp->Dr7 >> (16 + (4 * n)) & 3);

    private ulong AddressOf(int n) => (&Lp->Dr0)[n];

    /// <summary>LENn: 1, 2, 8 or 4 bytes, aligned.</summary>
    private ulong LengthOf(int n) => (Lp->Dr7 >> (18 + (4 * n)) & 3) switch { 0 => 1, 1 => 2, 2 => 8, _ => 4 };

    private bool Overlaps(int n, ulong address, ulong bytes)
    {
        ulong length = LengthOf(n), start = AddressOf(n) & ~(length - 1);
        return address < start + length && start < address + bytes;
    }

    /// <summary>Whether a page holds a watched byte, so that accesses to it must be looked at.</summary>
    private bool IsWatched(ulong page)
    {
        for (int n = 0; watchesData && n < Breakpoints4; n++)
            if (IsEnabled(n) && ConditionOf(n) is BreakOn.Write or BreakOn.ReadOrWrite && Overlaps(n, page & ~0xFFFUL, 0x1000))
                return true;
        return false;
    }

    /// <summary>A data access: its debug exception is delivered after the instruction.</summary>
    private void MeetDataBreakpoints(ulong address, int bytes, bool write)
    {
        if (watchesData)
            Meet(address, (ulong)bytes, write ? BreakOn.Write : BreakOn.ReadOrWrite, BreakOn.ReadOrWrite);
    }

    /// <summary>IN, OUT and their string forms, when CR4.DE makes R/W = 10B mean ports.</summary>
    internal void MeetPortBreakpoints(ushort port, int bytes)
    {
        if (watchesPorts)
            Meet(port, (ulong)bytes, BreakOn.Port, BreakOn.Port);
    }

    /// <summary>All met conditions are reported; only an enabled one makes an exception. SDM vol. 3B, 18.2.3.</summary>
    private void Meet(ulong address, ulong bytes, BreakOn on, BreakOn or)
    {
        ulong met = 0;
        for (int n = 0; n < Breakpoints4; n++)
            if ((ConditionOf(n) == on || ConditionOf(n) == or) && Overlaps(n, address, bytes))
                met |= (1UL << n) | (IsEnabled(n) ? DebugBit.Enabled : 0);
        if ((met & DebugBit.Enabled) != 0)
            Lp->PendingDebug |= met;
    }

    /// <summary>Instruction breakpoints at RIP: a fault, unless RF is set or MOV SS has just been executed.</summary>
    private bool MeetsCodeBreakpoint(out ulong conditions)
    {
        conditions = 0;
        if (!watchesCode || (Lp->Rflags & RflagsBit.Rf) != 0 || (Lp->InterruptShadow & 2) != 0)
            return false;
        ulong linear = LongMode64 ? Lp->Rip : (uint)(Lp->Cs.Base + Lp->Rip);
        bool enabled = false;
        for (int n = 0; n < Breakpoints4; n++)
        {
            if (ConditionOf(n) != BreakOn.Execution || AddressOf(n) != linear)
                continue;
            conditions |= 1UL << n;
            enabled |= IsEnabled(n);
        }
        return enabled;
    }

    /// <summary>Debug traps of the instruction before; null when there are none or MOV SS holds them back.</summary>
    private Outcome? TakeDebugTrap()
    {
        const ulong exception = DebugBit.Enabled | DebugBit.SingleStep | DebugBit.TaskSwitch;
        if ((Lp->PendingDebug & exception) == 0 || (Lp->InterruptShadow & 2) != 0)
            return null;
        ulong conditions = TakeConditions();
        settledDebug = 0;
        return Raise(Vector.DB, 0, conditions);
    }

    /// <summary>
    /// INT1 brings the debug traps along that MOV SS held back; alone it tells nothing in DR6. Their conditions.
    /// </summary>
    internal ulong TakeConditions()
    {
        ulong conditions = Lp->PendingDebug & (DebugBit.Conditions | DebugBit.SingleStep | DebugBit.TaskSwitch);
        Lp->PendingDebug = 0;
        return conditions;
    }

    /// <summary>As <see cref="LoadDr6"/> for INT1.</summary>
    internal void LoadDr6OfInt1(ulong conditions) =>
        LoadDr6(conditions != 0 ? conditions : Lp->Dr6 & DebugBit.Conditions);

    /// <summary>
    /// #DB is about to be delivered: DR6 tells why, general detect ends. A VM exit leaves both alone.
    /// </summary>
    private void LoadDr6(ulong conditions)
    {
        Lp->Dr6 = (Lp->Dr6 & ~DebugBit.Conditions) | conditions | DebugBit.Transaction;
        Lp->Dr7 &= ~DebugBit.GeneralDetect;
    }

    /// <summary>Fetches the next instruction and holds it against the ENDBRANCH tracker; false: its fault is delivered.</summary>
    private bool TryPassTracker()
    {
        if (FindBlock(step: true) is { } block && MeetsEndbranch(block.First))
            return true;
        AfterFault();
        return false;
    }

    /// <summary>One instruction, then its traps. SDM vol. 3B, 18.3.1.4; vol. 3C, 26.5.2.</summary>
    private void StepWatched()
    {
        if (MeetsCodeBreakpoint(out ulong conditions))
        {
            Complete(Raise(Vector.DB, 0, conditions), default);
            return;
        }
        if (AwaitsEndbranch && !TryPassTracker())
            return;
        bool trap = (Lp->Rflags & RflagsBit.Tf) != 0, monitor = SingleStepsGuest;
        byte shadow = Lp->InterruptShadow;
        ulong before = Lp->Instructions;
        settledDebug = Lp->PendingDebug;
        keepsResumeFlag = trapDiscarded = false;
        RunEnd? end = Step(paid: false);
        settledDebug = 0;
        if (end == RunEnd.HostReturn)
            return;
        bool retired = Lp->Instructions != before;
        if (retired && Lp->InterruptShadow == shadow)
            Lp->InterruptShadow = 0;
        if (retired && !keepsResumeFlag)
            Lp->Rflags &= ~RflagsBit.Rf;
        if (retired && trap && !trapDiscarded && (Lp->InterruptShadow & 2) == 0) // MOV SS makes no single-step trap
            Lp->PendingDebug |= DebugBit.SingleStep;
        if (monitor && InterceptsTrap(out Outcome outcome))
            Complete(outcome, default);
    }
}

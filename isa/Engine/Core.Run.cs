using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Probes;
using Seamsim.Isa.Seam;

namespace Seamsim.Isa.State;

public sealed unsafe partial class Core
{
    /// <summary>
    /// Instructions granted to one chain. A chain executes at most two ops for each (a fused pair is one op, a block
    /// without branch ends in a fall-through), so it comes back after at most 4,096 of them even where the JIT makes
    /// real calls: 4,096 frames of an unoptimised handler are about a megabyte.
    /// </summary>
    private const long Grant = 2048;

    /// <summary>Faults in a row that cost nothing of a budget.</summary>
    private const int FreeFaults = 64;

    private ulong prepaidRip, faultedAt;
    private int faultsInRow;
    private bool stopRequested;

    /// <summary>Events that come at a time, such as the local APIC's timer; null: none does.</summary>
    public IEventQueue? Events { get; set; }

    /// <summary>Ends the run when the instruction under way has retired; for devices that it reaches.</summary>
    public void RequestStop()
    {
        stopRequested = true;
        Lp->Leave = 1;
    }

    /// <summary>
    /// Runs until <paramref name="maxInstructions"/> have retired or the first block head at or after
    /// <paramref name="untilCycles"/>, whichever is earlier. The state reached does not depend on how a run is sliced
    /// into calls: near the end of the budget single instructions are executed.
    /// </summary>
    public RunEnd Run(long maxInstructions, ulong untilCycles)
    {
        ulong target = Lp->Instructions + (ulong)Math.Max(0, maxInstructions);
        Lp->CycleLimit = untilCycles;
        Lp->LinkSlot = null;
        Probe?.Selected(this);
        for (; ; )
        {
            if (cache.StaleArena || cache.Arena.IsFull)
                cache.Empty();
            Probe?.Paused(this);
            if (TakeStop())
                return RunEnd.Stopped;
            ulong until = DeliverDue(untilCycles);
            if (NextFaultCounts && Lp->Instructions >= target)
                return RunEnd.Budget; // an event would go beyond it
            if (TakeEvent() is { } outcome)
            {
                Complete(outcome, default);
                Probe?.Registers(this);
                if (Lp->Activity == ActivityState.Active && Lp->Instructions < target)
                    continue; // what its delivery met comes before the handler
            }
            switch (Lp->Activity)
            {
                case ActivityState.Active: break;
                case ActivityState.Shutdown: return RunEnd.Shutdown;
                case ActivityState.WaitForSipi when PendingStartUp >= 0: continue; // it came together with the INIT
                default: return RunEnd.Halted;
            }
            long remaining = (long)(target - Lp->Instructions);
            if (remaining <= 0)
                return RunEnd.Budget;
            if (Probe is { } observer)
                remaining = Math.Min(remaining, observer.UntilPause(this));
            if (Breakpoints is { } stops && stops.Arrives(this))
            {
                Probe?.Registers(this);
                continue;
            }
            if (MustStepEach)
            {
                if (IsDue(until))
                    return RunEnd.Budget;
                StepWatched();
                continue;
            }
            RunEnd? end = Prepaid > 0 ? Step(paid: true) : RunBlocks(remaining, until);
            if (end is { } reason)
                return reason;
        }
    }

    private bool TakeStop()
    {
        bool asked = stopRequested;
        stopRequested = false;
        return asked;
    }

    /// <summary>
    /// Delivers the timed events that are due at a block head, and says up to which clock the chain may run: an event
    /// of <see cref="Events"/> is seen at the first block head at or after it, however the run is sliced.
    /// </summary>
    private ulong DeliverDue(ulong untilCycles)
    {
        if (Events is not { } events)
            return untilCycles;
        if (Prepaid == 0)
            events.Deliver(this, Lp->Cycles);
        return Lp->CycleLimit = Math.Min(untilCycles, events.NextDue(this));
    }

    private bool IsDue(ulong untilCycles) => Prepaid == 0 && Lp->Cycles >= untilCycles;

    /// <summary>Instructions of a block under way whose cycles are accounted, when RIP is still where it stopped.</summary>
    private uint Prepaid => Lp->Prepaid != 0 && Lp->Rip == prepaidRip ? Lp->Prepaid : 0;

    private RunEnd? RunBlocks(long remaining, ulong untilCycles)
    {
        if (Lp->Cycles >= untilCycles)
            return RunEnd.Budget;
        JumpEntry* entry = Flow.JumpSlot(Lp, Lp->Rip);
        Op* head;
        if (Lp->LinkSlot == null && entry->Rip == Lp->Rip && entry->Space == Lp->CodeSpace)
        {
            head = entry->Head;
        }
        else if (FindBlock(step: false) is { } block)
        {
            head = block.Head;
            Link(block);
        }
        else
        {
            return AfterFault();
        }
        if (head->Left > remaining || Breakpoints is not null)
        {
            // The budget ends inside this block, or somebody looks at every instruction: account it, then go singly.
            ulong entered = Lp->Cycles;
            Account(head);
            Lp->Prepaid = head->Left;
            prepaidRip = Lp->Rip;
            Probe?.Prepaid(this, head[1].Imm | (entered & ProbeWord.ClockMask), head->Left);
            return Step(paid: true);
        }
        Lp->Prepaid = 0;
        return Chain(head, Math.Min(remaining, Grant));
    }

    private RunEnd? Chain(Op* head, long grant)
    {
        Lp->Budget = grant;
        Lp->Leave = 0;
        Lp->LinkSlot = null;
        Op* last = Flow.MustStop(Lp, head) ? Flow.Stop(Lp, head) : head[1].Fn(Lp, head + 1);
        Lp->Instructions += (ulong)(grant - Lp->Budget);
        if (Probe is not null)
            TellCut();
        return AfterChain(last);
    }

    /// <summary>One instruction. Paid: its cycles were accounted with the block it belongs to.</summary>
    private RunEnd? Step(bool paid)
    {
        uint left = paid ? Prepaid : 0;
        Lp->Prepaid = 0;
        if (FindBlock(step: true) is not { } block)
            return AfterFault();
        if (!paid)
            Account(block.Head);
        Lp->Budget = 0;
        Lp->Leave = 0;
        Lp->LinkSlot = null;
        if (Probe is not null)
            MarkStep(block.Head, paid);
        Op* last = block.Head[1].Fn(Lp, block.Head + 1);
        Lp->Instructions += (ulong)(block.Head->Left - Lp->Budget);
        if (Probe is not null)
            TellCut();
        Lp->LinkSlot = null;
        if (Lp->End == ChainEnd.Lookup && left > 1)
        {
            Lp->Prepaid = left - 1;
            prepaidRip = Lp->Rip;
        }
        return AfterChain(last);
    }

    /// <summary>Puts a block on the clock, one whose instructions are executed singly.</summary>
    private void Account(Op* head)
    {
        Lp->Cycles += head->Imm;
        if (head->Link != null)
            Timing?.Enter(this, head->Link);
    }

    private RunEnd? AfterChain(Op* last)
    {
        switch (Lp->End)
        {
            case ChainEnd.System:
                return AfterSystem(last);
            case ChainEnd.Managed:
                return AfterManaged();
            case ChainEnd.Fault:
                return AfterFault();
            default:
                return null;
        }
    }

    private RunEnd? AfterSystem(Op* op)
    {
        Instruction instruction = *(Instruction*)op->Imm;
        Timing?.Settle(this);
        Outcome outcome = Execute(instruction);
        if (outcome == Outcome.Fault)
        {
            Lp->Instructions--; // it has not retired
            Probe?.Cut(this, 1);
        }
        Complete(outcome, instruction);
        Probe?.Registers(this);
        return null;
    }

    private RunEnd? AfterFault()
    {
        Lp->Prepaid = 0;
        Complete(Outcome.Fault, default);
        return null;
    }

    private RunEnd? AfterManaged()
    {
        bool reached = TryFetchPage(LongMode64 ? Lp->Rip : (uint)(Lp->Cs.Base + Lp->Rip), out Hpa physical);
        ManagedEntry? entry = reached ? ManagedCode.At(Memory.Keys.LineOf(physical)) : null;
        if (entry is null)
        {
            cache.DropPage(Memory.Keys.LineOf(physical) & ~0xFFFUL);
            return null; // the entry is gone: whatever bytes are there run
        }
        if (entry.Kind == ManagedEntryKind.HostReturn)
            return RunEnd.HostReturn;
        Complete(RunManaged(entry), default);
        Probe?.Registers(this);
        return null;
    }

    /// <summary>Acts on how an instruction ended.</summary>
    private void Complete(Outcome outcome, in Instruction instruction)
    {
        Timing?.Settle(this);
        Lp->Prepaid = 0;
        Lp->LinkSlot = null;
        if (outcome == Outcome.Fault)
        {
            Lp->PendingDebug = settledDebug; // what did not happen did not meet a breakpoint
            outcome = DeliverFault();
            CountFault();
            Probe?.Registers(this);
        }
        switch (outcome)
        {
            case Outcome.Next:
                Lp->Rip = instruction.NextIP;
                break;
            case Outcome.Shutdown:
                Lp->Activity = ActivityState.Shutdown;
                break;
        }
    }

    /// <summary>
    /// A handler whose first instruction faults would deliver faults for ever and never retire an instruction: from the
    /// 64th in a row on each counts as one, so that every budget ends.
    /// </summary>
    private void CountFault()
    {
        bool inRow = Lp->Instructions == faultedAt;
        faultsInRow = inRow ? faultsInRow + 1 : 1;
        if (faultsInRow > FreeFaults)
            Lp->Instructions++;
        faultedAt = Lp->Instructions;
    }

    private bool NextFaultCounts => faultsInRow >= FreeFaults && Lp->Instructions == faultedAt;

    private void Link(Block block)
    {
        if (Lp->LinkSlot == null || block.SecondPage is not null)
            return;
        *Lp->LinkSlot = block.Head;
        block.Incoming.Add((nint)Lp->LinkSlot);
        Lp->LinkSlot = null;
    }
}

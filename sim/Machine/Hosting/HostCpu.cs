using Seamsim.Host;
using Seamsim.Isa;
using Seamsim.Isa.Apic;
using Seamsim.Isa.State;
using Seamsim.Scheduling;
using Seamsim.Timing;

namespace Seamsim.Hosting;

/// <summary>
/// A logical processor as the host kernel sees it: a run queue of C# continuations, and the core that executes stubs
/// between them.
/// </summary>
internal sealed unsafe class HostCpu(Core core, StubCode stubs, HostCosts costs, CycleAccount account)
    : ICpu, IScheduledLp
{
    private const int StalledTurnsAllowed = 10_000;
    private readonly LinkedList<(Action Continuation, ulong NotBefore)> queue = [];
    private Action? done;
    private bool asleep, takingInterrupts;
    private int stalledTurns;

    /// <summary>The core.</summary>
    public Core Core { get; } = core;

    /// <inheritdoc/>
    public int Index => Core.Index;

    /// <inheritdoc/>
    public int Package => Core.Package;

    /// <inheritdoc/>
    public ref ulong Gpr(int register) => ref Core.Lp->Gpr[register];

    /// <inheritdoc/>
    public ulong Rflags { get; private set; }

    /// <inheritdoc/>
    public int StubException { get; private set; } = -1;

    /// <inheritdoc/>
    public ulong Cycles => Core.Lp->Cycles;

    /// <inheritdoc/>
    public ulong Instructions => Core.Lp->Instructions;

    /// <summary>Whether the core executes a stub, or what a stub led to (SEAM, a TD).</summary>
    public bool InStub { get; private set; }

    /// <summary>Whether the processor is in shutdown and runs no further.</summary>
    public bool IsShutDown { get; private set; }

    /// <summary>Whether there is something to do.</summary>
    public bool IsReady => !IsShutDown && (InStub ? !asleep : queue.Count > 0);

    /// <inheritdoc/>
    public void Run(Stub stub, Action done)
    {
        if (InStub)
            throw new InvalidOperationException(
                $"LP {Index}: a stub is running; host code of this processor must wait");
        this.done = done;
        StubException = -1;
        Begin(stubs[stub]);
    }

    /// <summary>Executes a program that lies in memory until it comes back to C#.</summary>
    /// <param name="address">Its first instruction.</param>
    /// <param name="stack">Its stack pointer.</param>
    /// <param name="done">What goes on afterwards.</param>
    public void Run(ulong address, ulong stack, Action done)
    {
        this.done = done;
        StubException = -1;
        Begin(address);
        Core.Lp->Gpr[4] = stack;
    }

    /// <summary>Whether a program halted the processor and nothing wakes it.</summary>
    public bool IsHalted => InStub && asleep;

    /// <summary>Leaves a program that will not come back; whatever waits for it waits for ever.</summary>
    public void Abandon()
    {
        (InStub, asleep, done) = (false, false, null);
        Core.Lp->Activity = ActivityState.Active;
    }

    /// <inheritdoc/>
    public void Charge(string cost, int count = 1)
    {
        ulong cycles = costs[cost] * (ulong)count;
        Core.Lp->Cycles += cycles;
        account.BookAside(Core, World.HostModelled, cycles);
        Core.Probe?.Charged(Core, cost, cycles, sync: false);
    }

    /// <summary>Puts a continuation at the end (or the front) of the run queue.</summary>
    /// <param name="continuation">Host code of this processor.</param>
    /// <param name="first">In front of everything that waits.</param>
    /// <param name="sent">Clock of whoever sent it: it does not run before that time.</param>
    public void Enqueue(Action continuation, bool first, ulong sent)
    {
        if (first)
            queue.AddFirst((continuation, sent));
        else
            queue.AddLast((continuation, sent));
        if (!InStub && queue.Count == 1)
            CatchUp(sent);
    }

    /// <summary>Raises the reschedule interrupt, which makes the processor leave a TD, SEAM or HLT.</summary>
    public void Kick()
    {
        asleep = false;
        Core.Uncore.Apics.SendPhysical(Core.Apic.Id, DeliveryMode.Fixed, Vectors.Reschedule);
    }

    /// <summary>Lets an idle processor's clock catch up with the processor that gave it work.</summary>
    private void CatchUp(ulong cycles)
    {
        if (cycles <= Cycles)
            return;
        ulong idle = cycles - Cycles;
        Core.Lp->Cycles = cycles;
        account.BookAside(Core, World.Idle, idle);
        Core.Probe?.Charged(Core, null, idle, sync: false);
    }

    /// <summary>One turn: the next continuation, or a slice of the stub.</summary>
    public void Turn(long instructions, ulong untilCycles)
    {
        ulong cyclesBefore = Cycles;
        if (!InStub)
        {
            (Action next, ulong notBefore) = queue.First!.Value;
            queue.RemoveFirst();
            CatchUp(notBefore);
            next();
            if (!InStub)
                MustAdvance(cyclesBefore);
            return;
        }
        switch (Core.Run(instructions, untilCycles))
        {
            case RunEnd.HostReturn: stalledTurns = 0; Return(); break;
            case RunEnd.Halted:     asleep = Core.PendingInterrupt < 0; break;
            case RunEnd.Shutdown:   IsShutDown = true; break;
            default:                MustAdvance(cyclesBefore); break;
        }
    }

    private void Begin(ulong address)
    {
        InStub = true;
        Core.Lp->Gpr[4] = BootState.StackTop(Index);
        Core.Rflags = RflagsBit.Fixed1;
        Core.Lp->Rip = address;
        Core.ModeChanged();
    }

    /// <summary>The core reached a return address: the plain one, or that of a vector.</summary>
    private void Return()
    {
        ulong entry = (Core.Lp->Rip - HostLayout.Returns) / HostLayout.ReturnStride;
        if (entry == 0)
        {
            if (!takingInterrupts)
                Rflags = Core.Rflags;
        }
        else if (entry - 1 < Vectors.FirstInterrupt)
        {
            StubException = (int)(entry - 1);
            Core.Lp->Gpr[4] = BootState.StackTop(Index);
        }
        else
            Core.TryWrmsr(Vectors.X2ApicEoi, 0);

        takingInterrupts = Core.PendingInterrupt >= 0;
        if (takingInterrupts)
        {
            Begin(stubs.InterruptWindow);
            return;
        }
        InStub = false;
        Action then = done!;
        done = null;
        then();
    }

    /// <summary>
    /// A core that spends turns without time passing would hang the run: that is a bug of the simulator.
    /// </summary>
    private void MustAdvance(ulong cyclesBefore)
    {
        stalledTurns = Cycles == cyclesBefore ? stalledTurns + 1 : 0;
        if (stalledTurns > StalledTurnsAllowed)
            throw new InvalidOperationException($"LP {Index} makes no progress at RIP 0x{Core.Lp->Rip:X}");
    }
}

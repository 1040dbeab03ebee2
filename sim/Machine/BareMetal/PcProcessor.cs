using Seamsim.Isa;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;
using Seamsim.Scheduling;
using Seamsim.Timing;

namespace Seamsim.BareMetal;

/// <summary>A logical processor of a bare-metal machine: it sleeps while its activity state says so.</summary>
internal sealed unsafe class PcProcessor(Core core, IEventQueue events, CycleAccount account) : IScheduledLp
{
    private bool asleep;

    /// <summary>The core.</summary>
    public Core Core => core;

    /// <inheritdoc/>
    public ulong Cycles => asleep ? Math.Max(core.Lp->Cycles, WakesAt) : core.Lp->Cycles;

    /// <inheritdoc/>
    public ulong Instructions => core.Lp->Instructions;

    /// <inheritdoc/>
    public bool IsReady => core.Lp->Activity != ActivityState.Shutdown && (!asleep || WakesAt != ulong.MaxValue);

    /// <summary>The device whose request ended the last turn has been heard.</summary>
    public bool HasStopped { get; private set; }

    /// <summary>Only HLT is left by an interrupt; waiting for a start-up IPI ends with one.</summary>
    private ulong WakesAt => core.Lp->Activity == ActivityState.Hlt ? events.NextDue(core) : ulong.MaxValue;

    /// <inheritdoc/>
    public void Turn(long instructions, ulong untilCycles)
    {
        if (asleep)
            Wake(WakesAt);
        RunEnd end = core.Run(instructions, untilCycles);
        asleep = end == RunEnd.Halted;
        HasStopped = end == RunEnd.Stopped;
    }

    /// <summary>An interrupt message arrived at a time: a sleeping processor looks what it is.</summary>
    public void Wake(ulong cycles)
    {
        if (!asleep)
            return;
        asleep = false;
        ulong now = core.Lp->Cycles;
        if (cycles <= now)
            return;
        core.Lp->Cycles = cycles;
        account.BookAside(core, World.Idle, cycles - now);
    }
}

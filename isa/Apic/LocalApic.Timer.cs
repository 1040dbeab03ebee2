namespace Seamsim.Isa.Apic;

/// <summary>The timer: one-shot, periodic and TSC-deadline. SDM vol. 3A, 11.5.4. Time is the core's clock.</summary>
public sealed unsafe partial class LocalApic
{
    private readonly ulong tscPerTick;
    private uint initialCount, divide;
    private ulong startedAt, deadline;

    private enum TimerMode : byte
    {
        OneShot = 0, Periodic = 1, TscDeadline = 2,
    }

    /// <summary>
    /// Clock value (cycles) at which the timer fires; <see cref="ulong.MaxValue"/> when it is stopped.
    /// </summary>
    public ulong TimerDue { get; private set; } = ulong.MaxValue;

    /// <summary>
    /// IA32_TSC_DEADLINE: reads as 0 outside TSC-deadline mode or after it has fired; writes are then ignored.
    /// </summary>
    public ulong TscDeadline
    {
        get => deadline;
        set
        {
            if (TimerModeOf(lvt[1]) != TimerMode.TscDeadline)
                return;
            deadline = value;
            TimerDue = value == 0 ? ulong.MaxValue : DueAtTsc(value);
            core.Lp->Leave = 1;
        }
    }

    private ulong TscPerCount => tscPerTick * (divide switch
    {
        0 => 2, 1 => 4, 2 => 8, 3 => 16, 8 => 32, 9 => 64, 10 => 128, _ => 1UL,
    });

    private uint CurrentCount
    {
        get
        {
            if (TimerDue == ulong.MaxValue || TimerModeOf(lvt[1]) == TimerMode.TscDeadline)
                return 0;
            ulong counted = (core.Lp->Cycles - startedAt) / TscPerCount;
            core.Probe?.TimeUsed(core, timer: true, counted);
            return counted >= initialCount ? 0 : initialCount - (uint)counted;
        }
    }

    /// <summary>Fires everything due at or before <paramref name="cycles"/>.</summary>
    public void AdvanceTimer(ulong cycles)
    {
        while (TimerDue <= cycles)
        {
            switch (TimerModeOf(lvt[1]))
            {
                case TimerMode.TscDeadline when core.ReadTscAt(cycles) < deadline:
                    TimerDue = Math.Max(cycles + 1, DueAtTsc(deadline)); // the TSC runs slower than this clock
                    return;
                case TimerMode.TscDeadline:
                    ResetTimer();
                    break;
                case TimerMode.Periodic:
                    // Periods missed while the processor could not take the interrupt collapse into one request.
                    ulong period = Math.Max(1, initialCount * TscPerCount);
                    startedAt = TimerDue + (cycles - TimerDue) / period * period;
                    TimerDue = startedAt + period;
                    break;
                default:
                    TimerDue = ulong.MaxValue;
                    break;
            }
            if ((lvt[1] & Masked) == 0)
                bus.Deliver(this, DeliveryMode.Fixed, (byte)lvt[1]);
        }
    }

    private static TimerMode TimerModeOf(uint entry) => (TimerMode)((entry >> 17) & 3);

    private void StartTimer(uint count)
    {
        if (TimerModeOf(lvt[1]) == TimerMode.TscDeadline)
            return;
        core.Probe?.TimeUsed(core, timer: true, count);
        initialCount = count;
        startedAt = core.Lp->Cycles;
        TimerDue = count == 0 ? ulong.MaxValue : startedAt + count * TscPerCount;
        core.Lp->Leave = 1;
    }

    private void ResetTimer() => (initialCount, deadline, TimerDue) = (0, 0, ulong.MaxValue);

    // The TSC and the clock are taken to advance together from now on; AdvanceTimer looks again when it is due.
    private ulong DueAtTsc(ulong tsc)
    {
        ulong now = core.ReadTsc();
        return tsc <= now ? core.Lp->Cycles : core.Lp->Cycles + (tsc - now);
    }
}

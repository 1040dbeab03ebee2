namespace Seamsim.Scheduling;

/// <summary>Why the scheduler stopped.</summary>
internal enum ScheduleEnd
{
    /// <summary>The condition waited for holds.</summary>
    Reached,

    /// <summary>No logical processor has anything to do.</summary>
    Idle,

    /// <summary>The instructions of the run are spent.</summary>
    Instructions,

    /// <summary>Somebody asked for the end (Ctrl-C).</summary>
    Cancelled,
}

/// <summary>A logical processor as the scheduler sees it.</summary>
internal interface IScheduledLp
{
    /// <summary>Its clock; of one that sleeps until a known time, that time.</summary>
    ulong Cycles { get; }

    /// <summary>Instructions it has executed.</summary>
    ulong Instructions { get; }

    /// <summary>Whether there is something to do.</summary>
    bool IsReady { get; }

    /// <summary>One turn.</summary>
    /// <param name="instructions">Instructions it may execute.</param>
    /// <param name="untilCycles">Clock at which the turn ends.</param>
    void Turn(long instructions, ulong untilCycles);
}

/// <summary>
/// D8: the logical processor with the smallest clock runs next, for a quantum; ties and quantum lengths come from the
/// seed. A processor alone in the run needs no quanta.
/// </summary>
internal sealed class LpScheduler<TCpu>(SeededRandom random, ulong maxInstructions)
    where TCpu : class, IScheduledLp
{
    private const int MinimumQuantum = 500, QuantumSpread = 1500;
    private const ulong LoneSlice = 1_000_000;
    private IReadOnlyList<TCpu> cpus = [];
    private ulong beat;

    /// <summary>The processor whose turn it is; null between turns.</summary>
    public TCpu? Current { get; private set; }

    /// <summary>Instructions executed by all processors.</summary>
    public ulong Instructions { get; private set; }

    /// <summary>Told before a processor's turn, when every event up to that time has happened.</summary>
    public Action<ulong>? ClockReached { get; set; }

    /// <summary>Told after a processor's turn.</summary>
    public Action<TCpu>? TurnEnded { get; set; }

    /// <summary>Ends the run at the next turn.</summary>
    public bool Cancelled { get; set; }

    /// <summary>The processors, in index order.</summary>
    public void Attach(IReadOnlyList<TCpu> processors) => cpus = processors;

    /// <summary>Runs until <paramref name="condition"/> holds or nothing can go on.</summary>
    public ScheduleEnd Run(Func<bool> condition)
    {
        while (!condition())
        {
            if (Cancelled)
                return ScheduleEnd.Cancelled;
            if (Instructions >= maxInstructions)
                return ScheduleEnd.Instructions;
            if (Pick(out ulong limit) is not { } cpu)
                return ScheduleEnd.Idle;
            Turn(cpu, limit);
        }
        return ScheduleEnd.Reached;
    }

    private void Turn(TCpu cpu, ulong limit)
    {
        ulong before = cpu.Instructions;
        ClockReached?.Invoke(cpu.Cycles);
        Current = cpu;
        long budget = (long)Math.Min(maxInstructions - Instructions, LoneSlice);
        cpu.Turn(budget, limit);
        Current = null;
        Instructions += cpu.Instructions - before;
        if (Tracing.SeamsimEvents.Log.IsEnabled())
            Tracing.SeamsimEvents.Log.Beat(ref beat, Instructions, cpu.Cycles);
        TurnEnded?.Invoke(cpu);
    }

    /// <summary>The ready processor with the smallest clock, and the clock at which its turn ends.</summary>
    private TCpu? Pick(out ulong limit)
    {
        TCpu? best = null;
        int ties = 0;
        ulong second = ulong.MaxValue;
        foreach (TCpu cpu in cpus)
        {
            if (!cpu.IsReady)
                continue;
            if (best is null || cpu.Cycles < best.Cycles)
            {
                second = best?.Cycles ?? second;
                (best, ties) = (cpu, 1);
                continue;
            }
            second = Math.Min(second, cpu.Cycles);
            if (cpu.Cycles == best.Cycles && random.Below(++ties) == 0)
                best = cpu;
        }
        ulong from = best?.Cycles ?? 0;
        limit = second == ulong.MaxValue
            ? from + LoneSlice
            : second + (ulong)(MinimumQuantum + random.Below(QuantumSpread));
        return best;
    }
}

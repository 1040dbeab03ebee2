using Seamsim.Timing;

namespace Seamsim.Tracing;

/// <summary>What a replay came to.</summary>
public sealed class ReplayReport
{
    private readonly List<ReplayLp> lps = [];

    /// <summary>The logical processors of the trace.</summary>
    public IReadOnlyList<ReplayLp> Lps => lps;

    /// <summary>Name of the cost model.</summary>
    public required string Model { get; init; }

    /// <summary>Whether it is the model the trace was recorded with.</summary>
    public required bool IsRecordedModel { get; init; }

    /// <summary>Software looked at the time, or armed a timer.</summary>
    public bool ReadsTime { get; internal set; }

    /// <summary>Cycles of the run that the trace does not hold: other worlds, processors, or outside of the region.</summary>
    public ulong Unrecorded { get; internal set; }

    /// <summary>
    /// Cycles of branches, fetches, loads and translations, as the run had them when it was recorded: they are not
    /// computed again.
    /// </summary>
    public ulong Stalls { get; internal set; }

    /// <summary>The model computes such cycles, or the trace has them.</summary>
    public required bool HasStalls { get; init; }

    /// <summary>Instructions retired.</summary>
    public ulong Instructions => lps.Aggregate(0UL, (sum, lp) => sum + lp.Instructions);

    /// <summary>Whether the cycles are those a live run under the model would have.</summary>
    public bool IsLiveRun => IsRecordedModel || (!ReadsTime && !HasStalls);

    internal ReplayLp Lp(int index)
    {
        while (lps.Count <= index)
            lps.Add(new ReplayLp(lps.Count));
        return lps[index];
    }
}

/// <summary>One logical processor of a replay.</summary>
/// <param name="index">Its number.</param>
public sealed class ReplayLp(int index)
{
    private readonly Booked[] worlds = new Booked[Enum.GetValues<World>().Length];

    /// <summary>Its number.</summary>
    public int Index { get; } = index;

    /// <summary>Cycles of all worlds.</summary>
    public ulong Cycles => worlds.Aggregate(0UL, (sum, world) => sum + world.Cycles);

    /// <summary>Instructions of all worlds.</summary>
    public ulong Instructions => worlds.Aggregate(0UL, (sum, world) => sum + world.Instructions);

    /// <summary>What it spent in one world.</summary>
    public Booked Of(World world) => worlds[(int)world];

    internal World World { get; set; } = World.Host;

    /// <summary>Blocks so far, in units of a cycle.</summary>
    internal ulong Units { get; set; }

    internal void Book(World world, ulong cycles, ulong instructions = 0)
    {
        ref Booked booked = ref worlds[(int)world];
        booked = new Booked(booked.Cycles + cycles, booked.Instructions + instructions);
    }
}

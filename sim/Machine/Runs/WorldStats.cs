using Seamsim.Isa.State;
using Seamsim.Profiling;
using Seamsim.Timing;

namespace Seamsim.Runs;

/// <summary>The clock of a logical processor by world: the figures that every cost model has.</summary>
internal static class WorldStats
{
    /// <summary>Adds a processor's clock, and what it spent in worlds it can be in; they sum to the clock.</summary>
    public static unsafe void Add(List<Stat> stats, CycleAccount account, Core core, IEnumerable<World> worlds)
    {
        string lp = ProfileText.OfLp(core.Index);
        stats.Add(new($"{lp}.cycles", core.Lp->Cycles, "cycle", "Clock of the logical processor"));
        foreach (World world in worlds)
        {
            Booked booked = account.Of(core.Index, world);
            string name = $"{lp}.{ProfileText.Of(world)}";
            stats.Add(new($"{name}.cycles", booked.Cycles, "cycle", $"Cycles spent in: {Describe(world)}"));
            if (world is not (World.Host or World.Seam or World.Td))
                continue;
            string none = world == World.Seam ? "; a module in C# retires none" : "";
            stats.Add(new($"{name}.instructions", booked.Instructions, "instruction",
                $"Instructions retired in: {Describe(world)}{none}"));
            if (world == World.Seam && account.Ledger is { } ledger)
                stats.Add(new($"{name}.modelled_instructions", ledger.ModelledInstructions(core.Index), "instruction",
                    "Instructions the operations of SEAM software in C# stand for"));
        }
    }

    private static string Describe(World world) => world switch
    {
        World.Host         => "real instructions of the host",
        World.HostModelled => "host work done in C#, from the cost table",
        World.Transition   => "SEAMCALL, SEAMRET, VM entries and exits",
        World.Seam         => "SEAM root (P-SEAMLDR, TDX module)",
        World.Td           => "trust domains",
        World.Idle         => "nothing to run",
        _                  => "catching up with the time-stamp counter",
    };
}

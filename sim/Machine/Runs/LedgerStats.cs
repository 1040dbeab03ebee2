using Seamsim.Configuration;
using Seamsim.Isa.State;
using Seamsim.Profiling;
using Seamsim.Timing;
using Seamsim.Timing.Dynamic;

namespace Seamsim.Runs;

/// <summary>Cycles by cause: the figures that only a cost model with parameters has.</summary>
internal static class LedgerStats
{
    /// <summary>Adds what is not zero, by world and by leaf.</summary>
    public static void Add(List<Stat> stats, CycleAccount account, CycleLedger ledger, IReadOnlyList<Core> cores)
    {
        foreach (Core core in cores)
            if (Interval.CountsOf(core) is { } counts)
                AddEvents(stats, ProfileText.OfLp(core.Index), counts);
        foreach (World world in TopDown.Worlds)
            Add(stats, $"topdown.{ProfileText.Of(world)}", cores.Aggregate(
                default(TopDown), (sum, core) => sum + ledger.TopDownOf(core.Index, world)), ProfileText.Of(world));
        foreach (World world in TopDown.Worlds)
            AddCpi(stats, account, ledger, world, cores);
        foreach (World world in Enum.GetValues<World>())
            foreach (Cause cause in Enum.GetValues<Cause>())
                if (ledger.Of(world, cause) is var cycles and not 0)
                    stats.Add(new($"cause.{ProfileText.Of(world)}.{ProfileText.Of(cause)}", cycles, "cycle",
                        $"Cycles of all logical processors in {ProfileText.Of(world)} on {ProfileText.Of(cause)}"));
        foreach (LeafLedger leaf in ledger.Leaves)
            Add(stats, leaf, ledger.Parameters);
    }

    private static void AddEvents(List<Stat> stats, string prefix, EventCounts counts)
    {
        foreach ((string name, ulong count, string unit, string description) in counts.All)
            if (count != 0)
                stats.Add(new($"{prefix}.{name}", count, unit, description));
    }

    private static void Add(List<Stat> stats, string prefix, TopDown parts, string world)
    {
        if (parts.Total == 0)
            return;
        foreach ((string name, ulong cycles) in parts.Named)
            stats.Add(new($"{prefix}.{name}", cycles, "cycle", $"Top-down level 1 of {world}: {name}"));
    }

    private static void AddCpi(
        List<Stat> stats, CycleAccount account, CycleLedger ledger, World world, IReadOnlyList<Core> cores)
    {
        ulong instructions = account.Of(world).Instructions, cycles = account.Of(world).Cycles;
        if (world == World.Seam)
            instructions = cores.Aggregate(instructions, (sum, core) => sum + ledger.ModelledInstructions(core.Index));
        if (instructions == 0)
            return;
        string name = ProfileText.Of(world), which = world == World.Seam ? "retired or modelled" : "retired";
        stats.Add(new($"cpi.{name}.instructions", instructions, "instruction",
            $"Instructions of all logical processors in {name}, {which}"));
        stats.Add(new($"cpi.{name}.cycles_per_1000", ((cycles * 1000) + (instructions / 2)) / instructions, "cycle",
            $"Cycles of all logical processors in {name} for a thousand of these instructions"));
    }

    private static void Add(List<Stat> stats, LeafLedger leaf, CoreParameters parameters)
    {
        string name = Names.OfLeaf(leaf.Leaf);
        string prefix = "leaf." + name.ToLowerInvariant().Replace('.', '_');
        stats.Add(new($"{prefix}.modelled_instructions", leaf.Instructions(parameters), "instruction",
            $"Instructions the operations of {name} stand for"));
        foreach (Cause cause in Enum.GetValues<Cause>())
            if (leaf.Of(cause) is var cycles and not 0)
                stats.Add(new($"{prefix}.cause.{ProfileText.Of(cause)}", cycles, "cycle",
                    $"Cycles of {name} on {ProfileText.Of(cause)}"));
    }
}

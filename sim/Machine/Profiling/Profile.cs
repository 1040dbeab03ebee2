using Seamsim.Configuration;
using Seamsim.Timing;

namespace Seamsim.Profiling;

/// <summary>Cycles of a logical processor in a world on a cause.</summary>
internal readonly record struct WorldPart(int Lp, World World, Cause Cause, ulong Cycles);

/// <summary>What a logical processor's cycles in a world were bound by.</summary>
internal readonly record struct TopDownPart(int Lp, World World, TopDown Parts);

/// <summary>Where the cycles of a run went.</summary>
internal sealed record Profile
{
    /// <summary>Cost model and parameter set; every figure carries it.</summary>
    public required string Model { get; init; }

    /// <summary>SEAMCALL leaves, in the order of their numbers.</summary>
    public required IReadOnlyList<ProfiledLeaf> Leaves { get; init; }

    /// <summary>TDCALL leaves; their cycles are part of TDH.VP.ENTER's.</summary>
    public required IReadOnlyList<ProfiledLeaf> GuestLeaves { get; init; }

    /// <summary>Everything, by processor, world and cause; the sum is that of the clocks.</summary>
    public required IReadOnlyList<WorldPart> Worlds { get; init; }

    /// <summary>Top-down level 1, by processor and world.</summary>
    public required IReadOnlyList<TopDownPart> TopDown { get; init; }

    /// <summary>Cycles of all logical processors.</summary>
    public ulong Total => Worlds.Aggregate(0UL, (sum, part) => sum + part.Cycles);

    /// <summary>What a machine has done so far; null when its cost model books no causes.</summary>
    public static Profile? Of(Machine machine)
    {
        CycleAccount account = machine.Account;
        if (account.Ledger is not { } ledger)
            return null;
        return new Profile
        {
            Model = machine.TimingModel,
            Leaves = Leaf(ledger.Leaves, Names.OfLeaf, ledger),
            GuestLeaves = Leaf(ledger.GuestLeaves, Names.OfGuestLeaf, ledger),
            TopDown =
            [
                .. from lp in Enumerable.Range(0, machine.Platform.LpCount)
                   from world in Seamsim.Timing.TopDown.Worlds
                   let parts = ledger.TopDownOf(lp, world)
                   where parts.Total != 0
                   select new TopDownPart(lp, world, parts),
            ],
            Worlds =
            [
                .. from lp in Enumerable.Range(0, machine.Platform.LpCount)
                   from world in Enum.GetValues<World>()
                   from cause in Enum.GetValues<Cause>()
                   where ledger.Of(lp, world, cause) != 0
                   select new WorldPart(lp, world, cause, ledger.Of(lp, world, cause)),
            ],
        };
    }

    private static ProfiledLeaf[] Leaf(
        IEnumerable<LeafLedger> leaves, Func<ulong, string> name, CycleLedger ledger) =>
        [.. leaves.Select(leaf => ProfiledLeaf.From(name(leaf.Leaf), leaf, ledger.Parameters))];
}

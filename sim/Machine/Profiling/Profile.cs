using Seamsim.Configuration;
using Seamsim.Timing;

namespace Seamsim.Profiling;

/// <summary>Cycles of a logical processor in a world on a cause.</summary>
internal readonly record struct WorldPart(int Lp, World World, Cause Cause, ulong Cycles);

/// <summary>Instructions of a logical processor in a world.</summary>
/// <param name="Lp">The logical processor.</param>
/// <param name="World">The world.</param>
/// <param name="Retired">Those that have retired.</param>
/// <param name="Modelled">Those that the operations of SEAM software in C# stand for; it retires none.</param>
internal readonly record struct WorldInstructions(int Lp, World World, ulong Retired, ulong Modelled)
{
    /// <summary>Both.</summary>
    public ulong All => Retired + Modelled;
}

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

    /// <summary>Instructions, by processor and world, where there are any.</summary>
    public required IReadOnlyList<WorldInstructions> Instructions { get; init; }

    /// <summary>Top-down level 1, by processor and world.</summary>
    public required IReadOnlyList<TopDownPart> TopDown { get; init; }

    /// <summary>Cycles of all logical processors.</summary>
    public ulong Total => Worlds.Aggregate(0UL, (sum, part) => sum + part.Cycles);

    /// <summary>Cycles of all logical processors in a world, on one cause or on all.</summary>
    public ulong In(World world, Cause? cause = null) => Worlds
        .Where(part => part.World == world && (cause is null || part.Cause == cause))
        .Aggregate(0UL, (sum, part) => sum + part.Cycles);

    /// <summary>Instructions of all logical processors in a world, retired and modelled.</summary>
    public ulong InstructionsIn(World world) => Instructions
        .Where(part => part.World == world).Aggregate(0UL, (sum, part) => sum + part.All);

    /// <summary>Instructions of one logical processor in a world, retired and modelled.</summary>
    public ulong InstructionsIn(int lp, World world) => Instructions
        .Where(part => part.Lp == lp && part.World == world).Aggregate(0UL, (sum, part) => sum + part.All);

    /// <summary>What a machine has done so far; null when its cost model books no causes.</summary>
    public static Profile? Of(Machine machine) => Of(machine.Account, machine.Platform.LpCount, machine.TimingModel);

    /// <summary>What is in a settled account; null when its cost model books no causes.</summary>
    /// <param name="account">The account.</param>
    /// <param name="logicalProcessors">How many processors it has.</param>
    /// <param name="model">Name of the cost model.</param>
    public static Profile? Of(CycleAccount account, int logicalProcessors, string model)
    {
        if (account.Ledger is not { } ledger)
            return null;
        return new Profile
        {
            Model = model,
            Leaves = Leaf(ledger.Leaves, Names.OfLeaf, ledger),
            GuestLeaves = Leaf(ledger.GuestLeaves, Names.OfGuestLeaf, ledger),
            Instructions =
            [
                .. from lp in Enumerable.Range(0, logicalProcessors)
                   from world in Enum.GetValues<World>()
                   let instructions = new WorldInstructions(lp, world, account.Of(lp, world).Instructions,
                       world == World.Seam ? ledger.ModelledInstructions(lp) : 0)
                   where instructions.All != 0
                   select instructions,
            ],
            TopDown =
            [
                .. from lp in Enumerable.Range(0, logicalProcessors)
                   from world in Seamsim.Timing.TopDown.Worlds
                   let parts = ledger.TopDownOf(lp, world)
                   where parts.Total != 0
                   select new TopDownPart(lp, world, parts),
            ],
            Worlds =
            [
                .. from lp in Enumerable.Range(0, logicalProcessors)
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

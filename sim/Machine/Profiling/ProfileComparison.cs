using Seamsim.Timing;

namespace Seamsim.Profiling;

/// <summary>
/// What a call of a leaf costs in two profiles, each figure rounded by itself; 0 where a profile does not have the leaf.
/// </summary>
/// <param name="Name">The leaf.</param>
/// <param name="CallsA">Calls in the first.</param>
/// <param name="CallsB">Calls in the second.</param>
/// <param name="MeanA">Cycles of a call in the first.</param>
/// <param name="MeanB">Cycles of a call in the second.</param>
/// <param name="Causes">Cycles of a call that were added (or saved) on each cause that changed.</param>
internal sealed record LeafDifference(
    string Name, ulong CallsA, ulong CallsB, ulong MeanA, ulong MeanB, IReadOnlyList<(Cause Cause, long Cycles)> Causes)
{
    /// <summary>Cycles a call costs more.</summary>
    public long Difference => (long)MeanB - (long)MeanA;

    /// <summary>Whether anything differs.</summary>
    public bool IsChanged => CallsA != CallsB || Difference != 0 || Causes.Count > 0;
}

/// <summary>The cycles of all logical processors in a world, in two profiles.</summary>
/// <param name="World">The world.</param>
/// <param name="CyclesA">Cycles in the first.</param>
/// <param name="CyclesB">Cycles in the second.</param>
/// <param name="Causes">Cycles that were added (or saved) on each cause that changed.</param>
internal sealed record WorldDifference(
    World World, ulong CyclesA, ulong CyclesB, IReadOnlyList<(Cause Cause, long Cycles)> Causes)
{
    /// <summary>Cycles more.</summary>
    public long Difference => (long)CyclesB - (long)CyclesA;
}

/// <summary>What a change costs: two profiles, leaf by leaf, world by world and cause by cause.</summary>
internal static class ProfileComparison
{
    /// <summary>The worlds in which a cause differs; the differences add up to that of the totals.</summary>
    public static IReadOnlyList<WorldDifference> Worlds(Profile a, Profile b) =>
    [
        .. Enum.GetValues<World>().Select(world => new WorldDifference(
            world, a.In(world), b.In(world),
            [
                .. Enum.GetValues<Cause>().Select(cause => (cause, (long)b.In(world, cause) - (long)a.In(world, cause)))
                    .Where(change => change.Item2 != 0),
            ])).Where(world => world.Causes.Count > 0),
    ];

    /// <summary>Every leaf of either, in the order of the first, then of the second.</summary>
    public static IReadOnlyList<LeafDifference> Of(Profile a, Profile b)
    {
        ProfiledLeaf[] left = [.. a.Leaves, .. a.GuestLeaves], right = [.. b.Leaves, .. b.GuestLeaves];
        return
        [
            .. left.Concat(right).Select(leaf => leaf.Name).Distinct().Select(name => Of(
                name, Array.Find(left, leaf => leaf.Name == name), Array.Find(right, leaf => leaf.Name == name))),
        ];
    }

    private static LeafDifference Of(string name, ProfiledLeaf? a, ProfiledLeaf? b) => new(
        name, a?.Calls ?? 0, b?.Calls ?? 0, a?.Mean ?? 0, b?.Mean ?? 0,
        [
            .. Enum.GetValues<Cause>().Select(cause => (cause, (long)PerCall(b, cause) - (long)PerCall(a, cause)))
                .Where(change => change.Item2 != 0),
        ]);

    private static ulong PerCall(ProfiledLeaf? leaf, Cause cause) => leaf?.PerCall(leaf.Of(cause)) ?? 0;
}

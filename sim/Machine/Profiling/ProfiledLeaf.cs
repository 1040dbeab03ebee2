using Seamsim.Isa.Ports;
using Seamsim.Timing;

namespace Seamsim.Profiling;

/// <summary>Cycles of a leaf in one phase on one cause.</summary>
internal readonly record struct LeafPart(LeafPhase Phase, Cause Cause, ulong Cycles);

/// <summary>A leaf in a profile; its parts sum to its total.</summary>
internal sealed record ProfiledLeaf
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Calls that returned.</summary>
    public required ulong Calls { get; init; }

    /// <summary>Instructions of all calls.</summary>
    public required ulong Instructions { get; init; }

    /// <summary>Cycles of the middle call, of the 99th of a hundred, of the longest.</summary>
    public required ulong P50 { get; init; }

    /// <inheritdoc cref="P50"/>
    public required ulong P99 { get; init; }

    /// <inheritdoc cref="P50"/>
    public required ulong Worst { get; init; }

    /// <summary>What is not zero, by phase and cause.</summary>
    public required IReadOnlyList<LeafPart> Parts { get; init; }

    /// <summary>Cycles of all calls, those of trust domains not counted.</summary>
    public ulong Total => Sum(static _ => true);

    /// <summary>Cycles of a call, rounded to the nearest, a half up.</summary>
    public ulong Mean => PerCall(Total);

    /// <summary>Instructions of a call, rounded in the same way.</summary>
    public ulong MeanInstructions => PerCall(Instructions);

    /// <summary>A call's part of a sum over all calls, rounded to the nearest, a half up; 0 without calls.</summary>
    public ulong PerCall(ulong sum) => Calls == 0 ? 0 : (sum + (Calls / 2)) / Calls;

    /// <summary>Cycles on a cause.</summary>
    public ulong Of(Cause cause) => Sum(part => part.Cause == cause);

    /// <summary>Cycles in a phase.</summary>
    public ulong Of(LeafPhase phase) => Sum(part => part.Phase == phase);

    /// <summary>A leaf from its ledger.</summary>
    public static ProfiledLeaf From(string name, LeafLedger leaf, CoreParameters parameters)
    {
        ulong[] calls = [.. leaf.Calls.Order()];
        return new ProfiledLeaf
        {
            Name = name,
            Calls = (ulong)calls.Length,
            Instructions = leaf.Instructions(parameters),
            P50 = Rank(calls, 50),
            P99 = Rank(calls, 99),
            Worst = Rank(calls, 100),
            Parts =
            [
                .. from phase in Enum.GetValues<LeafPhase>()
                   from cause in Enum.GetValues<Cause>()
                   where leaf[phase, cause] != 0
                   select new LeafPart(phase, cause, leaf[phase, cause]),
            ],
        };
    }

    /// <summary>The smallest of sorted values that a share of them does not exceed.</summary>
    private static ulong Rank(ulong[] sorted, int percent) =>
        sorted.Length == 0 ? 0 : sorted[Math.Max(0, (((sorted.Length * percent) + 99) / 100) - 1)];

    private ulong Sum(Func<LeafPart, bool> chosen)
    {
        ulong sum = 0;
        foreach (LeafPart part in Parts)
            if (chosen(part))
                sum += part.Cycles;
        return sum;
    }
}

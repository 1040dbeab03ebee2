namespace Seamsim.Timing.Blocks;

/// <summary>The bounds of a block: core cycles an iteration that each part of the core needs on its own.</summary>
public sealed record BlockBounds
{
    /// <summary>Bounds by what they bound, in the order of the pipeline.</summary>
    public required IReadOnlyList<(Bottleneck Part, Ratio Cycles)> All { get; init; }

    /// <summary>The largest.</summary>
    public Ratio Cycles => All.Aggregate(Ratio.Zero, (most, bound) => Ratio.Max(most, bound.Cycles));

    /// <summary>The part with the largest bound; the earliest in the pipeline of several.</summary>
    public Bottleneck Bottleneck
    {
        get
        {
            Ratio most = Cycles;
            foreach ((Bottleneck part, Ratio cycles) in All)
                if (cycles == most)
                    return part;
            return Bottleneck.Issue;
        }
    }
}

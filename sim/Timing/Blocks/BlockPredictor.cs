namespace Seamsim.Timing.Blocks;

/// <summary>What limits a block.</summary>
public enum Bottleneck
{
    /// <summary>Finding where instructions end.</summary>
    Predecode,

    /// <summary>The decoders.</summary>
    Decode,

    /// <summary>The µop cache.</summary>
    Dsb,

    /// <summary>The loop stream detector.</summary>
    Lsd,

    /// <summary>Issue slots.</summary>
    Issue,

    /// <summary>Execution ports.</summary>
    Ports,

    /// <summary>The divider and other instructions that block themselves.</summary>
    Divider,

    /// <summary>Results that the next iteration waits for.</summary>
    Dependencies,

    /// <summary>Loads that wait for stores which cannot be forwarded.</summary>
    Forwarding,
}

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

/// <summary>What a block costs.</summary>
/// <param name="Unrolled">Cycles an iteration when the block is repeated without a loop.</param>
/// <param name="Looped">Cycles an iteration when it is the body of a loop.</param>
public readonly record struct BlockCost(Ratio Unrolled, Ratio Looped)
{
    /// <summary>Whole cycles of one run: what a simulation charges.</summary>
    public uint Cycles => (uint)Math.Clamp(Looped.Ceiling, 1, uint.MaxValue);

    /// <summary>Sixteenths of a cycle of one run, rounded up.</summary>
    public uint Sixteenths => (uint)Math.Clamp(new Ratio(Looped.Numerator * 16, Looped.Denominator).Ceiling, 1, uint.MaxValue);
}

/// <summary>
/// Predicts the throughput of basic blocks in closed form: the maximum of the bounds of predecode, decode, µop cache,
/// issue, ports and dependencies.
/// </summary>
/// <remarks>
/// The method is that of A. Abel, S. Sharma and J. Reineke, "Facile", IISWC 2023. Computes in integers: the same bytes
/// and parameters have the same cycles on any host.
/// </remarks>
public static class BlockPredictor
{
    /// <summary>What a block costs. Bytes that are no instructions cost a cycle each.</summary>
    /// <param name="code">The block's instruction bytes.</param>
    /// <param name="rip">Linear address of the first byte.</param>
    /// <param name="core">The core it runs on.</param>
    public static BlockCost Predict(ReadOnlySpan<byte> code, ulong rip, CoreParameters core) =>
        TryPredict(code, rip, core, StartState.Distinct, out BlockCost cost) ? cost : new(new(code.Length, 1), new(code.Length, 1));

    /// <summary>What a block costs.</summary>
    /// <param name="code">The block's instruction bytes.</param>
    /// <param name="rip">Linear address of the first byte.</param>
    /// <param name="core">The core it runs on.</param>
    /// <param name="start">What registers hold when it starts.</param>
    /// <param name="cost">The cost; nothing when the bytes are no instructions.</param>
    /// <returns>Whether the bytes are instructions.</returns>
    public static bool TryPredict(ReadOnlySpan<byte> code, ulong rip, CoreParameters core, StartState start, out BlockCost cost)
    {
        cost = default;
        if (BlockReader.Read(code, rip, core, out _) is not { } block)
            return false;
        BlockAnalysis analysis = BlockAnalysis.Of(block, core, start);
        cost = new(analysis.Unrolled.Cycles, analysis.Looped.Cycles);
        return true;
    }
}

namespace Seamsim.Timing.Blocks;

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
    public static BlockCost Predict(ReadOnlySpan<byte> code, ulong rip, PipelineParameters core) =>
        TryPredict(code, rip, core, BlockStart.Distinct, out BlockCost cost)
            ? cost : new(new(code.Length, 1), new(code.Length, 1));

    /// <summary>What a block costs.</summary>
    /// <param name="code">The block's instruction bytes.</param>
    /// <param name="rip">Linear address of the first byte.</param>
    /// <param name="core">The core it runs on.</param>
    /// <param name="start">What registers hold when it starts.</param>
    /// <param name="cost">The cost; nothing when the bytes are no instructions.</param>
    /// <returns>Whether the bytes are instructions.</returns>
    public static bool TryPredict(
        ReadOnlySpan<byte> code, ulong rip, PipelineParameters core, BlockStart start, out BlockCost cost)
    {
        cost = default;
        if (BlockReader.Read(code, rip, core, out _) is not { } block)
            return false;
        BlockAnalysis analysis = BlockAnalysis.Of(block, core, start);
        cost = new(analysis.Unrolled.Cycles, analysis.Looped.Cycles);
        return true;
    }
}

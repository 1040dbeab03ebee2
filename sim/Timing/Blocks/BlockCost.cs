namespace Seamsim.Timing.Blocks;

/// <summary>What a block costs.</summary>
/// <param name="Unrolled">Cycles an iteration when the block is repeated without a loop.</param>
/// <param name="Looped">Cycles an iteration when it is the body of a loop.</param>
public readonly record struct BlockCost(Ratio Unrolled, Ratio Looped)
{
    /// <summary>Whole cycles of one run, rounded up.</summary>
    public uint Cycles => (uint)Math.Clamp(Looped.Ceiling, 1, uint.MaxValue);

    /// <summary>Sixteenths of a cycle of one run, rounded up.</summary>
    public uint Sixteenths =>
        (uint)Math.Clamp(new Ratio(Looped.Numerator * 16, Looped.Denominator).Ceiling, 1, uint.MaxValue);
}

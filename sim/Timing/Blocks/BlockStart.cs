namespace Seamsim.Timing.Blocks;

/// <summary>
/// What registers and memory hold when a block starts; it decides which memory operands are the same place.
/// </summary>
public enum BlockStart
{
    /// <summary>Nothing is known: registers hold different addresses.</summary>
    Distinct,

    /// <summary>
    /// That of the published measurements: every general register but RSP and RBP holds the address of one page, which
    /// is filled with that address. BHive, "Benchmark suite and measurement framework", IISWC 2019.
    /// </summary>
    Measured,
}

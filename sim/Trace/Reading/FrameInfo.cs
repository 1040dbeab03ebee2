namespace Seamsim.Trace;

/// <summary>What is known of a frame without decompressing it.</summary>
/// <param name="Offset">Where it begins in the file.</param>
/// <param name="FirstInstruction">Instructions of the trace before it.</param>
/// <param name="Instructions">Instructions in it.</param>
/// <param name="FirstRecord">Records of the trace before it.</param>
/// <param name="Records">Records in it.</param>
/// <param name="FirstCycle">The smallest clock of any logical processor in it.</param>
/// <param name="LastCycle">The largest clock of any logical processor in it.</param>
/// <param name="LpMask">Bit n: it has records of a logical processor whose number is n modulo 64.</param>
/// <param name="Worlds">Worlds that execute in it.</param>
public readonly record struct FrameInfo(
    long Offset,
    ulong FirstInstruction,
    ulong Instructions,
    ulong FirstRecord,
    ulong Records,
    ulong FirstCycle,
    ulong LastCycle,
    ulong LpMask,
    TraceWorlds Worlds)
{
    internal static FrameInfo Of(long offset, in FrameHeader header) => new(
        offset, header.FirstInstruction, header.Instructions, header.FirstRecord, header.Records, header.FirstCycle,
        header.LastCycle, header.LpMask, header.Worlds);

    /// <summary>Whether it may have records of a logical processor.</summary>
    public bool MayHold(int lp) => (LpMask >> (lp & 63) & 1) != 0;
}

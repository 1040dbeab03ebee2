using Iced.Intel;

namespace Seamsim.Trace;

/// <summary>Executions of one block.</summary>
/// <param name="Address">Linear address.</param>
/// <param name="World">Where it executes.</param>
/// <param name="Executions">How often it began.</param>
/// <param name="Instructions">Instructions that retired in it.</param>
public sealed record BlockCount(ulong Address, TraceWorld World, ulong Executions, ulong Instructions);

/// <summary>A conditional branch.</summary>
/// <param name="Address">Linear address.</param>
/// <param name="World">Where it executes.</param>
/// <param name="Taken">How often it was taken.</param>
/// <param name="Executed">How often it was executed.</param>
public sealed record BranchCount(ulong Address, TraceWorld World, ulong Taken, ulong Executed);

/// <summary>Calls of one leaf.</summary>
/// <param name="Name">The leaf.</param>
/// <param name="Calls">How often it was entered.</param>
/// <param name="Returned">How often its end was recorded.</param>
/// <param name="Failed">How often it ended with the ERROR bit of RAX set.</param>
/// <param name="Cycles">Cycles between entry and end, of those that ended.</param>
public sealed record LeafCount(string Name, ulong Calls, ulong Returned, ulong Failed, ulong Cycles);

/// <summary>One logical processor.</summary>
/// <param name="Lp">Its number.</param>
/// <param name="Instructions">Instructions retired, by world.</param>
/// <param name="FirstCycle">Its clock at its first record.</param>
/// <param name="LastCycle">Its clock at its last record.</param>
public sealed record LpCount(int Lp, ulong[] Instructions, ulong FirstCycle, ulong LastCycle);

/// <summary>What a trace is made of.</summary>
/// <param name="Instructions">Instructions retired.</param>
/// <param name="ByWorld">Instructions by <see cref="TraceWorld"/>.</param>
/// <param name="Mnemonics">Instructions by mnemonic, most first.</param>
/// <param name="Branches">Conditional branches, most executed first.</param>
/// <param name="Reads">Data reads.</param>
/// <param name="Writes">Data writes.</param>
/// <param name="DataPages">Distinct 4-KiB pages of data, by address space and linear address.</param>
/// <param name="DataLines">Distinct 64-byte lines of data.</param>
/// <param name="CodePages">Distinct 4-KiB pages of code.</param>
/// <param name="CodeLines">Distinct 64-byte lines of code.</param>
/// <param name="Blocks">Blocks, most instructions first.</param>
/// <param name="Leaves">Leaves, most cycles first.</param>
/// <param name="Events">Events by the name of their kind, in the order of kinds.</param>
/// <param name="Lps">Logical processors in their order.</param>
public sealed record TraceStatistics(
    ulong Instructions,
    ulong[] ByWorld,
    IReadOnlyList<(string Mnemonic, ulong Count)> Mnemonics,
    IReadOnlyList<BranchCount> Branches,
    ulong Reads,
    ulong Writes,
    int DataPages,
    int DataLines,
    int CodePages,
    int CodeLines,
    IReadOnlyList<BlockCount> Blocks,
    IReadOnlyList<LeafCount> Leaves,
    IReadOnlyList<(string Kind, ulong Count)> Events,
    IReadOnlyList<LpCount> Lps)
{
    /// <summary>Counts a whole trace.</summary>
    /// <exception cref="TraceFileException">A frame is damaged.</exception>
    public static TraceStatistics Of(TraceReader reader)
    {
        StatisticsCounter counter = new();
        TraceCursor cursor = reader.ReadFrom();
        while (cursor.Next())
            counter.Count(cursor.Current, cursor.SpaceOf(cursor.Current.Lp));
        return counter.Result();
    }
}

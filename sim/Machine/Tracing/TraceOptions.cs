using Seamsim.Trace;

namespace Seamsim.Tracing;

/// <summary>What a recording holds.</summary>
public sealed record TraceOptions
{
    /// <summary>The worlds recorded.</summary>
    public TraceWorlds Worlds { get; init; } = TraceWorlds.All;

    /// <summary>The logical processors recorded; empty: all.</summary>
    public IReadOnlyList<int> Lps { get; init; } = [];

    /// <summary>Data accesses: addresses, and the translations they used.</summary>
    public bool Memory { get; init; } = true;

    /// <summary>The values of data accesses.</summary>
    public bool Values { get; init; }

    /// <summary>General registers and RFLAGS, wherever control goes from one block to the next.</summary>
    public bool Registers { get; init; }

    /// <summary>Where recording begins; null: at once.</summary>
    public TracePoint? From { get; init; }

    /// <summary>Where it ends for good; null: with the run.</summary>
    public TracePoint? To { get; init; }

    /// <summary>Whether the trace holds the run from its first cycle to its last.</summary>
    public bool IsWhole => Worlds == TraceWorlds.All && Lps.Count == 0 && From is null && To is null;
}

/// <summary>A point of a run.</summary>
public abstract record TracePoint
{
    private TracePoint()
    {
    }

    /// <summary>A SEAMCALL leaf: recording begins when it is entered, ends when it has returned.</summary>
    /// <param name="Number">RAX[15:0], with bit 63 for P-SEAMLDR.</param>
    public sealed record Leaf(ulong Number) : TracePoint;

    /// <summary>Control reaches the block of instructions with this linear address.</summary>
    /// <param name="Linear">The address.</param>
    public sealed record Address(ulong Linear) : TracePoint;

    /// <summary>
    /// So many instructions have retired on all processors; met where a processor next looks for events, at most 2,048
    /// instructions later.
    /// </summary>
    /// <param name="Instructions">How many.</param>
    public sealed record Count(ulong Instructions) : TracePoint;
}

using System.Runtime.CompilerServices;

namespace Seamsim.Trace;

/// <summary>The columns of the frame that is being collected, and what its header will say.</summary>
internal sealed class FrameBuilder
{
    private readonly Column[] columns = [.. Enumerable.Range(0, Columns.Count).Select(_ => new Column())];
    private readonly List<Lane> mentioned = [];
    private ulong firstInstruction, firstRecord, firstCycle, lpMask;
    private TraceWorlds worlds;

    public FrameBuilder()
    {
        (State, Control, Clock) = (columns[Columns.State], columns[Columns.Control], columns[Columns.Clock]);
        (Address, Shape, Value) = (columns[Columns.Address], columns[Columns.Shape], columns[Columns.Value]);
        (Register, Event, Dictionary) =
            (columns[Columns.Register], columns[Columns.Event], columns[Columns.Dictionary]);
    }

    public Column State { get; }

    public Column Control { get; }

    public Column Clock { get; }

    public Column Address { get; }

    public Column Shape { get; }

    public Column Value { get; }

    public Column Register { get; }

    public Column Event { get; }

    public Column Dictionary { get; }

    /// <summary>Instructions of the whole trace so far.</summary>
    public ulong Instructions { get; private set; }

    /// <summary>Records of the whole trace so far.</summary>
    public ulong Records { get; private set; }

    public bool IsEmpty => Records == firstRecord;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Executed(BlockModel block, int retired)
    {
        Instructions += (ulong)retired;
        worlds |= block.WorldBit;
        Records++;
    }

    public void Happened() => Records++;

    /// <summary>A logical processor is mentioned for the first time, with this clock.</summary>
    public void Enter(Lane lane)
    {
        lpMask |= 1UL << (lane.Lp & 63);
        firstCycle = Math.Min(firstCycle, lane.Clock);
        mentioned.Add(lane);
    }

    public void Begin()
    {
        foreach (Column column in columns)
            column.Clear();
        (firstInstruction, firstRecord) = (Instructions, Records);
        (firstCycle, lpMask, worlds) = (ulong.MaxValue, 0, TraceWorlds.None);
        mentioned.Clear();
    }

    public void WriteTo(TraceFileWriter file) => file.Frame(
        new FrameHeader
        {
            FirstInstruction = firstInstruction,
            Instructions = Instructions - firstInstruction,
            FirstRecord = firstRecord,
            Records = Records - firstRecord,
            FirstCycle = firstCycle,
            LastCycle = mentioned.Max(lane => lane.Clock),
            LpMask = lpMask,
            Worlds = worlds,
        },
        columns);
}

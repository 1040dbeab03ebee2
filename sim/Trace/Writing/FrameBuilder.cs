namespace Seamsim.Trace;

/// <summary>The columns of the frame that is being collected, and what its header will say.</summary>
internal sealed class FrameBuilder
{
    private readonly Column[] columns = [.. Enumerable.Range(0, Columns.Count).Select(_ => new Column())];
    private ulong firstInstruction, firstRecord, firstCycle, lastCycle, lpMask;
    private TraceWorlds worlds;

    public Column State => columns[Columns.State];

    public Column Control => columns[Columns.Control];

    public Column Clock => columns[Columns.Clock];

    public Column Address => columns[Columns.Address];

    public Column Shape => columns[Columns.Shape];

    public Column Value => columns[Columns.Value];

    public Column Register => columns[Columns.Register];

    public Column Event => columns[Columns.Event];

    public Column Dictionary => columns[Columns.Dictionary];

    /// <summary>Instructions of the whole trace so far.</summary>
    public ulong Instructions { get; private set; }

    /// <summary>Records of the whole trace so far.</summary>
    public ulong Records { get; private set; }

    public bool IsEmpty => Records == firstRecord;

    /// <summary>Counts an execution; where and by whom is told once a frame, not every time.</summary>
    public void Executed(int retired)
    {
        Instructions += (ulong)retired;
        Records++;
    }

    /// <summary>Counts executions and changes of registers whose logical processor has executed in the frame already.</summary>
    public void Counted(ulong instructions, ulong records)
    {
        Instructions += instructions;
        Records += records;
    }

    /// <summary>A block of the frame executes there.</summary>
    public void Uses(TraceWorld world) => worlds |= (TraceWorlds)(1 << (int)world);

    /// <summary>A logical processor executes in the frame; its clock only grows.</summary>
    public void Uses(Lane lane)
    {
        lpMask |= 1UL << (lane.Lp & 63);
        At(lane.Clock);
    }

    public void Saw(Lane lane)
    {
        Records++;
        lpMask |= 1UL << (lane.Lp & 63);
        At(lane.Clock);
    }

    public void At(ulong clock)
    {
        firstCycle = Math.Min(firstCycle, clock);
        lastCycle = Math.Max(lastCycle, clock);
    }

    public void Begin()
    {
        foreach (Column column in columns)
            column.Clear();
        (firstInstruction, firstRecord) = (Instructions, Records);
        (firstCycle, lastCycle, lpMask, worlds) = (ulong.MaxValue, 0, 0, TraceWorlds.None);
    }

    public void WriteTo(TraceFileWriter file) => file.Frame(
        new FrameHeader
        {
            FirstInstruction = firstInstruction,
            Instructions = Instructions - firstInstruction,
            FirstRecord = firstRecord,
            Records = Records - firstRecord,
            FirstCycle = firstCycle,
            LastCycle = lastCycle,
            LpMask = lpMask,
            Worlds = worlds,
        },
        columns);
}

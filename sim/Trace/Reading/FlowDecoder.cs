using System.Runtime.CompilerServices;
using System.Text;

namespace Seamsim.Trace;

/// <summary>Takes what a <see cref="FlowDecoder{TSink}"/> finds.</summary>
internal interface IFlowSink
{
    /// <summary>A block is used for the first time in a frame.</summary>
    void Defined(FlowBlock block);

    /// <summary>A block executes.</summary>
    void Executed(int lp, FlowBlock block, int retired);

    /// <summary>An event other than a change of registers.</summary>
    void Happened(int lp, EventKind kind, int code, string name, ReadOnlySpan<ulong> operands);
}

/// <summary>A block of one frame, with what a sink wants to keep of it.</summary>
internal sealed class FlowBlock(BlockDefinition definition)
{
    public BlockDefinition Definition { get; } = definition;

    public int Instructions { get; } = definition.Instructions;

    public FlowBlock? Successor { get; set; }

    /// <summary>For the sink.</summary>
    public ulong Cost { get; set; }
}

/// <summary>
/// Reads control flow and events of a trace, and nothing else: addresses, values, registers and recorded clocks are
/// columns of their own and are passed over. Everything that <see cref="FrameDecoder"/> says of executions and events
/// holds here too.
/// </summary>
internal sealed class FlowDecoder<TSink>(TraceReader reader, TSink sink)
    where TSink : struct, IFlowSink
{
    private const int MaxAccesses = 1 << 24, MaxOperands = 254;

    private const uint Wanted =
        1u << Columns.State | 1u << Columns.Control | 1u << Columns.Event | 1u << Columns.Dictionary;

    private readonly EventMemory memory = new();
    private readonly List<FlowBlock?[]> last = [];
    private readonly List<FlowBlock> blocks = [];
    private readonly Dictionary<int, string> names = [];
    private readonly ulong[] operands = new ulong[MaxOperands];
    private TSink sink = sink;
    private ByteCursor control, @event, dictionary;
    private int lp;

    /// <summary>Records that the frame still has, as its header says; a frame that has more is none of ours.</summary>
    private long left;

    /// <summary>Reads every whole frame.</summary>
    /// <exception cref="TraceFileException">A frame is damaged.</exception>
    public void Run()
    {
        foreach (FrameInfo frame in reader.Frames)
        {
            ByteCursor[] columns = reader.Load(frame, Wanted);
            control = columns[Columns.Control];
            @event = columns[Columns.Event];
            dictionary = columns[Columns.Dictionary];
            ReadState(columns[Columns.State]);
            left = (long)Math.Min(frame.Records, long.MaxValue);
            if (!Frame() || left != 0)
                throw new TraceFileException(reader.Name, frame.Offset, "the frame does not hold what its header says");
        }
    }

    private void ReadState(ByteCursor state)
    {
        blocks.Clear();
        memory.Clear();
        foreach (FlowBlock?[] each in last)
            each[0] = null;
        for (int i = state.TakeCount(1 << 16); i > 0; i--)
        {
            state.TakeCount(ushort.MaxValue);
            state.TakeNumber();
            state.Take();
            state.TakeNumber();
        }
        SwitchTo(state.TakeCount(ushort.MaxValue));
    }

    private void SwitchTo(int to)
    {
        while (last.Count <= to)
            last.Add(new FlowBlock?[1]);
        lp = to;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool Frame()
    {
        const byte plain = ControlByte.SuccessorAsExpected | ControlByte.Whole;
        ref FlowBlock? previous = ref last[lp][0];
        while (!control.AtEnd)
        {
            byte what = control.Take();
            left -= RecordsOf(what);
            if (left < 0)
                return false;
            if (what == (ControlByte.Event | (int)EventKind.Registers << 1))
                continue;
            if ((what & (ControlByte.Event | ControlByte.Repeat)) == ControlByte.Repeat)
            {
                int more = control.TakeCount((int)Math.Min(left, int.MaxValue));
                left -= (long)more * RecordsOf(what);
                if (left < 0 || !Repeat(ref previous, more + 1))
                    return false;
                continue;
            }
            if ((what & (ControlByte.Event | ControlByte.Partial | plain)) == plain && previous?.Successor is { } next)
            {
                previous = next;
                sink.Executed(lp, next, next.Instructions);
                continue;
            }
            if (!Unusual(what, ref previous))
                return false;
            previous = ref last[lp][0];
        }
        return true;
    }

    /// <summary>Records that a control byte stands for, repeats apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int RecordsOf(byte what) => (what & (ControlByte.Event | ControlByte.Changes)) switch
    {
        ControlByte.Changes => 2,
        ControlByte.Event => what == (ControlByte.Event | RawWord.KindName << 1) ? 0 : 1,
        _ => 1,
    };

    /// <summary>Each block with the one that followed it the last time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool Repeat(ref FlowBlock? previous, int count)
    {
        FlowBlock? last = previous;
        for (; count > 0; count--)
        {
            last = last?.Successor;
            if (last is null)
                return false;
            sink.Executed(lp, last, last.Instructions);
        }
        previous = last;
        return true;
    }

    private bool Unusual(byte what, ref FlowBlock? previous)
    {
        if ((what & ControlByte.Event) == 0)
            return Execution(what, ref previous);
        int kind = ControlByte.KindOf(what);
        if (kind == RawWord.KindName)
        {
            int code = dictionary.TakeCount(ushort.MaxValue);
            names[code] = Encoding.UTF8.GetString(dictionary.TakeBytes(dictionary.TakeCount(1000)).Span);
            return !dictionary.Overran;
        }
        if ((what & ControlByte.Amid) != 0)
            control.TakeCount(MaxAccesses);
        if ((EventKind)kind != EventKind.Registers)
            Event(kind);
        return !control.Overran && !@event.Overran;
    }

    private bool Execution(byte flags, ref FlowBlock? previous)
    {
        FlowBlock? block = (flags & ControlByte.SuccessorAsExpected) != 0 ? previous?.Successor : Block();
        if (block is null)
            return false;
        if (previous is not null)
            previous.Successor = block;
        previous = block;
        int retired = (flags & ControlByte.Whole) != 0
            ? block.Definition.Instructions : control.TakeCount(BlockDefinition.MaxInstructions);
        if ((flags & ControlByte.Partial) == 0)
            sink.Executed(lp, block, retired);
        return !control.Overran;
    }

    private FlowBlock? Block()
    {
        int id = control.TakeCount(blocks.Count);
        if (id < blocks.Count)
            return blocks[id];
        if (FrameDecoder.ReadBlock(ref dictionary) is not { } definition)
            return null;
        FlowBlock block = new(definition);
        blocks.Add(block);
        sink.Defined(block);
        return block;
    }

    private void Event(int kind)
    {
        int code = @event.TakeCount(ushort.MaxValue);
        if (kind == (int)EventKind.LpSwitch)
            SwitchTo(code);
        @event.TakeDifference();
        int count = @event.TakeCount(Math.Min(MaxOperands, @event.Left));
        for (int i = 0; i < count; i++)
        {
            operands[i] = memory.Peek(kind, i) + @event.TakeDifference();
            memory.Exchange(kind, i, operands[i]);
        }
        string name = (EventKind)kind is EventKind.Charge or EventKind.Mark ? names.GetValueOrDefault(code, "") : "";
        sink.Happened(lp, (EventKind)kind, code, name, operands.AsSpan(0, count));
    }
}

using System.Numerics;
using System.Text;

namespace Seamsim.Trace;

/// <summary>Makes records of a frame's columns: the mirror of <see cref="TraceEncoder"/>.</summary>
internal sealed class FrameDecoder(TraceHeader trace)
{
    private const int MaxAccesses = 1 << 24, MaxOperands = 254;
    private const string Untrue = "the frame does not hold what its header says";

    private readonly bool values = trace.Aspects.HasFlag(TraceAspects.Values);
    private readonly EventMemory eventMemory = new();
    private readonly List<Lane?> lanes = [];
    private readonly List<BlockModel> blocks = [];
    private readonly Dictionary<int, string> names = [];
    private byte[] shapes = new byte[256];
    private int[] sizes = new int[256];
    private ByteCursor control, clock, address, shape, value, register, @event, dictionary;
    private Lane lane = new(0);
    private FrameHeader header;
    private ulong instruction, records;
    private long number;
    private BlockModel? running;
    private bool active, changes;
    private byte current;
    private int again;

    public TraceRecord Record { get; } = new();

    /// <summary>What is wrong with the frame; null: nothing so far.</summary>
    public string? Wrong { get; private set; }

    public Lane LaneOf(int lp)
    {
        while (lanes.Count <= lp)
            lanes.Add(null);
        return lanes[lp] ??= new Lane(lp);
    }

    /// <summary>Leaves the frame where it is.</summary>
    public void Leave() => active = false;

    public void Begin(in FrameHeader frame, ByteCursor[] columns)
    {
        header = frame;
        (control, clock, address, shape) =
            (columns[Columns.Control], columns[Columns.Clock], columns[Columns.Address], columns[Columns.Shape]);
        (value, register, @event, dictionary) =
            (columns[Columns.Value], columns[Columns.Register], columns[Columns.Event], columns[Columns.Dictionary]);
        number++;
        (instruction, records) = (frame.FirstInstruction, 0);
        blocks.Clear();
        eventMemory.Clear();
        (running, Wrong, active, again, changes) = (null, null, true, 0, false);
        ReadState(columns[Columns.State]);
    }

    /// <summary>Steps to the next record; false: the frame is over, or something is <see cref="Wrong"/>.</summary>
    public bool Next()
    {
        while (active)
        {
            if (control.AtEnd && again == 0 && !changes)
            {
                End();
                return false;
            }
            byte what = Take();
            Record.Clear();
            Record.Ordinal = header.FirstRecord + records;
            if (changes)
                Change();
            else if ((what & ControlByte.Event) == 0)
                Execution(what);
            else if (what == ControlByte.OfEvent(RawWord.KindName))
                Name();
            else
                Event(what);
            bool isRecord = what != ControlByte.OfEvent(RawWord.KindName);
            if (Overran)
                Wrong ??= "the frame ends inside a record";
            else if (isRecord && records == header.Records)
                Wrong ??= Untrue;
            if (Wrong is not null)
            {
                active = false;
                return false;
            }
            if (isRecord)
            {
                records++;
                changes = !changes && (what & (ControlByte.Event | ControlByte.Changes)) == ControlByte.Changes;
                return true;
            }
        }
        return false;
    }

    /// <summary>The control byte of the next record; that of the last one, when it has announced the next.</summary>
    private byte Take()
    {
        if (changes)
            return current;
        if (again > 0)
        {
            again--;
            return current;
        }
        current = control.Take();
        if ((current & (ControlByte.Event | ControlByte.Repeat)) == ControlByte.Repeat)
        {
            again = control.TakeCount((int)Math.Min(header.Records, int.MaxValue));
            current &= ControlByte.Plain | ControlByte.Changes;
        }
        return current;
    }

    private bool Overran => control.Overran | clock.Overran | address.Overran | shape.Overran | value.Overran
        | register.Overran | @event.Overran | dictionary.Overran;

    private void End()
    {
        active = false;
        if (records != header.Records || instruction != header.FirstInstruction + header.Instructions)
            Wrong = Untrue;
    }

    private void ReadState(ByteCursor state)
    {
        foreach (Lane? known in lanes)
        {
            known?.Forget();
            Array.Clear(known?.Registers ?? []);
        }
        for (int i = state.TakeCount(1 << 16); i > 0; i--)
        {
            Lane stated = LaneOf(state.TakeCount(ushort.MaxValue));
            stated.Clock = state.TakeNumber();
            stated.World = (TraceWorld)state.Take();
            stated.Space = state.TakeNumber();
        }
        lane = LaneOf(state.TakeCount(ushort.MaxValue));
        if (state.Overran)
            Wrong = "the frame does not say where its logical processors are";
    }

    private void Execution(byte flags)
    {
        BlockModel? last = lane.Last;
        BlockModel? block = (flags & ControlByte.SuccessorAsExpected) != 0 ? last?.Successor : Block();
        if (block is null)
        {
            Wrong ??= "an execution names a block that the frame does not have";
            return;
        }
        if (last is not null)
            last.Successor = block;
        ulong expected = last is null || lane.Moved ? 0 : last.Cost;
        ulong cost = (flags & ControlByte.CostAsExpected) != 0 ? expected : expected + clock.TakeDifference();
        if (last is not null && !lane.Moved)
            last.Cost = cost;
        lane.Moved = false;
        lane.Clock += cost;
        lane.Last = running = block;

        Record.Block = block.Definition;
        Record.BlockId = block.LocalId;
        Record.Lp = lane.Lp;
        Record.World = block.Definition.World;
        Record.Cycles = lane.Clock;
        Record.Instruction = instruction;
        Record.IsPartial = (flags & ControlByte.Partial) != 0;
        int retired = (flags & ControlByte.Whole) != 0
            ? block.Definition.Instructions : control.TakeCount(BlockDefinition.MaxInstructions);
        Record.Retired = Record.IsPartial ? 0 : retired;
        instruction += (ulong)Record.Retired;
        Accesses(block, (flags & ControlByte.ShapeAsExpected) != 0);
    }

    private BlockModel? Block()
    {
        int id = control.TakeCount(blocks.Count);
        if (id < blocks.Count)
            return blocks[id];
        if (ReadBlock(ref dictionary) is not { } definition)
        {
            Wrong = "the definition of a block is damaged";
            return null;
        }
        BlockModel block = new(definition);
        block.Enter(number, id);
        blocks.Add(block);
        return block;
    }

    /// <summary>The next block of a dictionary; null when it is damaged.</summary>
    public static BlockDefinition? ReadBlock(ref ByteCursor dictionary)
    {
        ulong linear = dictionary.TakeNumber(), physical = dictionary.TakeNumber();
        ushort key = (ushort)dictionary.TakeCount(ushort.MaxValue);
        byte bits = dictionary.Take(), where = dictionary.Take();
        int instructions = dictionary.TakeCount(BlockDefinition.MaxInstructions);
        byte[] code = dictionary.TakeBytes(dictionary.TakeCount(BlockDefinition.MaxBytes)).ToArray();
        if (dictionary.Overran || bits is not (16 or 32 or 64) || where >> 4 > (int)TraceWorld.L2)
            return null;
        return new BlockDefinition(
            linear, physical, key, bits, (byte)(where & 3), (TraceWorld)(where >> 4), instructions, code)
        {
            Paid = (where & BlockDefinition.PaidBit) != 0,
        };
    }

    private void Accesses(BlockModel block, bool asExpected)
    {
        int count = asExpected ? block.ShapeCount : Shapes(block);
        for (int i = 0; i < count && !address.Overran; i++)
        {
            byte how = block.Shapes[i];
            int bytes = ShapeByte.IsOddSize(how) ? sizes[i] : ShapeByte.BytesOf(how);
            ref AccessSlot slot = ref block.Slot(i);
            ulong where = slot.Expected(lane.LastAddress) + address.TakeSignedWord();
            slot.Learn(where);
            lane.LastAddress = where;
            ulong first = 0;
            int more = -1;
            if (values)
            {
                first = slot.Value ^= value.TakeWord();
                for (int word = 1; word < RawWord.ValueWords(bytes) && !value.Overran; word++)
                {
                    int at = Record.AddValueWord(value.TakeWord());
                    more = more < 0 ? at : more;
                }
            }
            Record.Add(new MemoryAccess(where, bytes, (how & ShapeByte.Write) != 0, first, more));
        }
    }

    private int Shapes(BlockModel block)
    {
        int count = shape.TakeCount(Math.Min(MaxAccesses, shape.Left));
        if (shapes.Length < count)
        {
            Array.Resize(ref shapes, count);
            Array.Resize(ref sizes, count);
        }
        for (int i = 0; i < count; i++)
        {
            shapes[i] = shape.Take();
            if (ShapeByte.IsOddSize(shapes[i]))
                sizes[i] = shape.TakeCount(ushort.MaxValue);
        }
        block.Remember(shapes.AsSpan(0, count));
        return count;
    }

    private void Name()
    {
        int code = dictionary.TakeCount(ushort.MaxValue);
        names[code] = Encoding.UTF8.GetString(dictionary.TakeBytes(dictionary.TakeCount(1000)).Span);
    }

    private void Event(byte what)
    {
        int kind = ControlByte.KindOf(what);
        Record.Kind = (EventKind)kind;
        if ((what & ControlByte.Amid) != 0)
            Record.After = control.TakeCount(MaxAccesses);
        if (Record.Kind == EventKind.Registers)
            Registers(register.TakeCount(32));
        else
            Event(kind);
        Place();
    }

    /// <summary>The change of registers that the control byte of the last execution has announced.</summary>
    private void Change()
    {
        Record.Kind = EventKind.Registers;
        Registers(0);
        Place();
    }

    private void Place()
    {
        Record.Lp = lane.Lp;
        Record.World = lane.World;
        Record.Cycles = lane.Clock;
        Record.Instruction = instruction;
    }

    private void Event(int kind)
    {
        Record.Code = @event.TakeCount(ushort.MaxValue);
        if (kind == (int)EventKind.LpSwitch)
        {
            lane = LaneOf(Record.Code);
            running = null;
        }
        ulong moved = @event.TakeDifference();
        lane.Moved |= moved != 0;
        lane.Clock += moved;
        int count = @event.TakeCount(Math.Min(MaxOperands, @event.Left));
        for (int i = 0; i < count; i++)
        {
            ulong operand = eventMemory.Peek(kind, i) + @event.TakeDifference();
            eventMemory.Exchange(kind, i, operand);
            Record.AddOperand(operand);
        }
        if (Record.Kind == EventKind.WorldSwitch)
            lane.World = (TraceWorld)(Record.Code & 3);
        else if (Record.Kind == EventKind.AddressSpace)
            lane.Space = Record.Operand(0);
        else if (Record.Kind is EventKind.Charge or EventKind.Mark)
            Record.Name = names.GetValueOrDefault(Record.Code, "");
    }

    private void Registers(int code)
    {
        uint mask = (uint)register.TakeWord();
        if (code == 0)
        {
            mask ^= running?.RegisterMask ?? 0;
            if (running is not null)
                running.RegisterMask = mask;
        }
        else
        {
            mask &= 0xFF;
        }
        Record.Code = code;
        Record.RegisterMask = mask;
        for (uint left = mask; left != 0; left &= left - 1)
        {
            ref ulong place = ref lane.Registers[RegisterEncoder.Base(code) + BitOperations.TrailingZeroCount(left)];
            place ^= register.TakeWord();
            Record.AddOperand(place);
        }
    }
}

using System.Runtime.CompilerServices;

namespace Seamsim.Trace;

/// <summary>
/// Makes frames of raw words. Everything is predicted from what the frame has held so far (the block that followed
/// this one, what it cost, where its third access went) and only the surprise is written; compression then takes what
/// is regular about the surprises. A frame needs no other frame to be read.
/// </summary>
internal sealed partial class TraceEncoder
{
    /// <summary>Raw words after which a frame ends: a few milliseconds to decode, and tables that pay for themselves.</summary>
    public const int DefaultFrameWords = 256 * 1024;

    /// <summary>Accesses after which an execution is written in parts.</summary>
    private const int MaxAccesses = 64 * 1024;

    private readonly TraceFileWriter file;
    private readonly int frameWords;
    private readonly FrameBuilder frame = new();
    private readonly bool memory, values, physical;
    private BlockModel[] blocks = new BlockModel[1024];
    private int blockCount;
    private readonly List<(byte[] Text, long Frame)> names = [];
    private readonly List<Lane?> lanes = [];
    private readonly EventMemory eventMemory = new();
    private readonly PageMap pages = new();
    private readonly List<(int Kind, int At)> amid = [];
    private readonly RegisterEncoder registers;
    private byte[] shapes = new byte[256];
    private readonly List<(int Access, int Bytes)> oddSizes = [];

    private long number;
    private int words, localIds;
    private Lane lane;
    private bool isRunning;
    private BlockModel? unexpected;
    private byte flags, plain;
    private int retired, accesses, asExpected, plainRun;

    /// <summary>One change of registers, after so many accesses, and no other event: how most executions end. -1: none.</summary>
    private int changeAt = -1;

    public TraceEncoder(TraceFileWriter file, int frameWords)
    {
        (this.file, this.frameWords) = (file, frameWords);
        memory = file.Header.Aspects.HasFlag(TraceAspects.Memory);
        values = file.Header.Aspects.HasFlag(TraceAspects.Values);
        physical = file.Header.Aspects.HasFlag(TraceAspects.Physical);
        registers = new RegisterEncoder(frame.Register);
        lane = LaneOf(0);
        BeginFrame();
    }

    public ulong Instructions => frame.Instructions;

    /// <summary>The block that executes: the lane's last one, until something ends it.</summary>
    private BlockModel? Running => isRunning ? lane.Last : null;

    /// <summary>
    /// Takes a chunk; records never straddle two. Optimised at once, as everything below it that runs for each execution
    /// or access: the code has to keep up from the first second on.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public unsafe void Encode(ReadOnlySpan<ulong> raw)
    {
        fixed (ulong* first = raw)
        {
            ulong* end = first + raw.Length;
            for (ulong* at = first; at < end;)
            {
                ulong word = *at;
                if (RawWord.IsAccess(word))
                {
                    at += Access(word, at);
                }
                else if (RawWord.IsExecution(word))
                {
                    ulong* usual = values ? Usual<WithValues>(at, end) : Usual<WithoutValues>(at, end);
                    if (usual != at)
                    {
                        at = usual;
                        continue;
                    }
                    Execute(word);
                    at++;
                }
                else
                {
                    int more = RawWord.WordsOf(word);
                    if (RawWord.IsRegisters(word))
                        Registers(word, new ReadOnlySpan<ulong>(at + 1, more));
                    else
                        Other(word, new ReadOnlySpan<ulong>(at + 1, more));
                    at += 1 + more;
                }
            }
        }
    }

    /// <summary>Writes what is left, index and footer.</summary>
    public void End()
    {
        EndExecution();
        EndFrame();
        file.End();
    }

    private Lane LaneOf(int lp)
    {
        while (lanes.Count <= lp)
            lanes.Add(null);
        return lanes[lp] ??= new Lane(lp);
    }

    private void BeginFrame()
    {
        number++;
        (words, localIds) = (0, 0);
        eventMemory.Clear();
        pages.Forget();
        frame.Begin();
        frame.State.PutNumber((ulong)lanes.Count(known => known is not null));
        foreach (Lane? known in lanes)
        {
            if (known is null)
                continue;
            known.Forget();
            frame.State.PutNumber((ulong)known.Lp);
            frame.State.PutNumber(known.Clock);
            frame.State.Put((byte)known.World);
            frame.State.PutNumber(known.Space);
        }
        frame.State.PutNumber((ulong)lane.Lp);
    }

    private void EndFrame()
    {
        EndPlainRun();
        foreach (Lane? known in lanes)
            if (known?.Last is not null)
                frame.Uses(known);
        if (!frame.IsEmpty)
            frame.WriteTo(file);
        BeginFrame();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Execute(ulong word)
    {
        EndExecution();
        if (words >= frameWords)
            EndFrame();
        words++;
        ulong clock = (lane.Clock & ~RawWord.ClockMask) | (word & RawWord.ClockMask);
        if (clock < lane.Clock)
            clock += RawWord.ClockMask + 1;
        Begin(blocks[RawWord.BlockOf(word)], clock);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Begin(BlockModel block, ulong clock)
    {
        StateRegisters();
        if (block.Frame != number)
            Define(block);
        flags = ControlByte.Whole;
        unexpected = null;
        BlockModel? last = lane.Last;
        if (last?.Successor == block)
        {
            flags |= ControlByte.SuccessorAsExpected;
        }
        else
        {
            unexpected = block;
            if (last is not null)
                last.Successor = block;
        }

        ulong cost = clock - lane.Clock;
        ulong expected = last is null || lane.Moved ? 0 : last.Cost;
        if (cost == expected)
            flags |= ControlByte.CostAsExpected;
        else
            frame.Clock.PutDifference(cost - expected);
        if (last is not null && !lane.Moved)
            last.Cost = cost;
        lane.Moved = false;
        lane.Clock = clock;
        if (last is null)
            frame.Uses(lane);
        lane.Last = block;
        isRunning = true;
        (retired, accesses, asExpected) = (block.Instructions, 0, 0);
    }

    /// <summary>The dictionary holds blocks in the order of their first use.</summary>
    private void Define(BlockModel block)
    {
        block.Enter(number, localIds++);
        frame.Uses(block.World);
        BlockDefinition d = block.Definition;
        Column to = frame.Dictionary;
        to.PutNumber(d.Address);
        to.PutNumber(d.Physical);
        to.PutNumber(d.KeyId);
        to.Put(d.Bits);
        to.Put((byte)(d.Cpl | (d.Paid ? BlockDefinition.PaidBit : 0) | ((int)d.World << 4)));
        to.PutNumber((ulong)d.Instructions);
        to.PutNumber((ulong)d.Code.Length);
        to.Put(d.Code.Span);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private unsafe int Access(ulong word, ulong* raw)
    {
        byte shape = (byte)((int)(word >> 60) & 7);
        int bytes = 1 << shape, used = 1;
        if (shape == ShapeByte.OddSize)
            (bytes, used) = ((int)raw[1], 2);
        if (RawWord.IsWrite(word))
            shape |= ShapeByte.Write;
        int valueWords = values ? RawWord.ValueWords(bytes) : 0;
        if (Running is { } block && memory)
        {
            words += used + valueWords;
            ulong address = RawWord.AddressOf(word);
            ulong page = address & ~0xFFFUL;
            if (physical && (!pages.Holds(lane.Space, page) || (address + (ulong)bytes - 1 & ~0xFFFUL) != page))
                Translate(address, bytes);
            PutAccess(block, shape, address, bytes);
            if (valueWords > 0)
                PutValue(ref block.Slot(accesses - 1), new ReadOnlySpan<ulong>(raw + used, valueWords));
            if (accesses == MaxAccesses)
                EndPart();
        }
        return used + valueWords;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void PutAccess(BlockModel block, byte shape, ulong address, int bytes)
    {
        if (accesses == shapes.Length)
            Array.Resize(ref shapes, shapes.Length * 2);
        shapes[accesses] = shape;
        if (ShapeByte.IsOddSize(shape))
            oddSizes.Add((accesses, bytes));
        else if (asExpected == accesses && block.IsExpected(accesses, shape))
            asExpected++;
        ref AccessSlot slot = ref block.Slot(accesses);
        frame.Address.PutSignedWord(address - slot.Expected(lane.LastAddress));
        slot.Learn(address);
        lane.LastAddress = address;
        accesses++;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void PutValue(ref AccessSlot slot, ReadOnlySpan<ulong> value)
    {
        frame.Value.PutWord(value[0] ^ slot.Value);
        slot.Value = value[0];
        for (int i = 1; i < value.Length; i++)
            frame.Value.PutWord(value[i]);
    }

    /// <summary>A frame repeats the translations that its accesses need.</summary>
    private void Translate(ulong address, int bytes)
    {
        ulong first = address & ~0xFFFUL, last = (address + (ulong)bytes - 1) & ~0xFFFUL;
        for (ulong page = first; ; page += 0x1000)
        {
            if (pages.Missing(lane.Space, page, number) is { } known)
                PutEvent((int)EventKind.Translation, EventShape.Repeated, lane.Clock, known);
            if (page == last)
                return;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void EndExecution()
    {
        if (Running is not { } block)
            return;
        isRunning = false;
        bool plain = amid.Count == 0 && oddSizes.Count == 0 && (changeAt < 0 || changeAt == accesses)
            && asExpected == accesses && accesses == block.ShapeCount && retired == block.Instructions;
        if (!plain)
        {
            Flush(block);
            return;
        }
        flags |= ControlByte.ShapeAsExpected;
        frame.Executed(retired);
        if (flags == ControlByte.Plain && changeAt < 0)
        {
            RunOn(ControlByte.Plain);
            return;
        }
        EndPlainRun();
        frame.Control.Put(flags);
        if (unexpected is not null)
            frame.Control.PutNumber((ulong)unexpected.LocalId);
        if (changeAt < 0)
            return;
        frame.Control.Put(ControlByte.OfEvent((int)EventKind.Registers));
        frame.Saw(lane);
        changeAt = -1;
    }

    /// <summary>
    /// Executions with everything as expected, each with a change of registers or none, are counted before they are written.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void RunOn(byte what)
    {
        if (plain != what)
        {
            EndPlainRun();
            plain = what;
        }
        plainRun++;
    }

    private void EndPlainRun()
    {
        if (plainRun == 0)
            return;
        frame.Control.Put(plainRun == 1 ? plain : (byte)(plain | ControlByte.Repeat));
        if (plainRun > 1)
            frame.Control.PutNumber((ulong)plainRun - 1);
        plainRun = 0;
    }

    /// <summary>What the execution has done so far is written; the rest follows as another execution of the block.</summary>
    private void EndPart()
    {
        BlockModel block = Running!;
        int instructions = retired;
        retired = 0;
        flags |= ControlByte.Partial;
        Flush(block);
        isRunning = false;
        if (words >= frameWords)
            EndFrame();
        Begin(block, lane.Clock);
        retired = instructions;
    }

    private void Flush(BlockModel block)
    {
        QueueChange();
        EndPlainRun();
        bool partial = (flags & ControlByte.Partial) != 0;
        bool whole = partial || retired == block.Instructions;
        if (!whole)
            flags &= unchecked((byte)~ControlByte.Whole);
        if (asExpected == accesses && accesses == block.ShapeCount && oddSizes.Count == 0)
            flags |= ControlByte.ShapeAsExpected;
        else
            PutShapes(block);
        frame.Control.Put(flags);
        if (unexpected is not null)
            frame.Control.PutNumber((ulong)unexpected.LocalId);
        if (!whole)
            frame.Control.PutNumber((ulong)retired);
        frame.Executed(retired);
        foreach ((int kind, int at) in amid)
            PutControl(kind, at);
        amid.Clear();
    }

    private void PutShapes(BlockModel block)
    {
        frame.Shape.PutNumber((ulong)accesses);
        int odd = 0;
        for (int i = 0; i < accesses; i++)
        {
            frame.Shape.Put(shapes[i]);
            if (ShapeByte.IsOddSize(shapes[i]))
                frame.Shape.PutNumber((ulong)oddSizes[odd++].Bytes);
        }
        block.Remember(shapes.AsSpan(0, accesses));
        oddSizes.Clear();
    }

    private void PutControl(int kind, int at)
    {
        EndPlainRun();
        byte control = ControlByte.OfEvent(kind);
        if (at == accesses || kind == RawWord.KindName)
        {
            frame.Control.Put(control);
        }
        else
        {
            frame.Control.Put((byte)(control | ControlByte.Amid));
            frame.Control.PutNumber((ulong)at);
        }
        if (kind != RawWord.KindName)
            frame.Saw(lane);
    }

    private void Other(ulong word, ReadOnlySpan<ulong> more)
    {
        int kind = RawWord.KindOf(word);
        switch (kind)
        {
            case RawWord.KindRetire:
                retired = (int)RawWord.ImmediateOf(word);
                return;
            case RawWord.KindUnretired:
                retired -= Math.Min(retired, (int)RawWord.ImmediateOf(word));
                return;
            case RawWord.KindDefineBlock:
                if (blockCount == blocks.Length)
                    Array.Resize(ref blocks, blockCount * 2);
                blocks[blockCount++] = new BlockModel(RawBlock.Unpack(more));
                return;
            case RawWord.KindName:
                names.Add((System.Runtime.InteropServices.MemoryMarshal.AsBytes(more)
                    [..(int)RawWord.ImmediateOf(word)].ToArray(), -1));
                return;
        }
        Count(1 + more.Length);
        Event((EventKind)kind, RawWord.CodeOf(word), more[0], more[1..]);
    }

    private void Count(int raw)
    {
        words += raw;
        if (words < frameWords)
            return;
        if (Running is null)
            EndFrame();
        else if (words >= 2L * frameWords)
            EndPart();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Registers(ulong word, ReadOnlySpan<ulong> more)
    {
        Count(1 + more.Length);
        StateRegisters();
        registers.Put(lane, Running, RawWord.CodeOf(word), RawWord.ImmediateOf(word), more);
        if (Running is not null && amid.Count == 0 && changeAt < 0)
            changeAt = accesses;
        else
            Queue((int)EventKind.Registers);
    }

    /// <summary>A frame says what a logical processor's registers are before it first mentions it.</summary>
    private void StateRegisters()
    {
        if (lane.RegistersFrame == number)
            return;
        lane.RegistersFrame = number;
        for (int i = registers.PutKnown(lane, Running); i > 0; i--)
            Queue((int)EventKind.Registers);
    }

    private void Event(EventKind kind, int code, ulong clock, ReadOnlySpan<ulong> operands)
    {
        switch (kind)
        {
            case EventKind.LpSwitch:
                EndExecution();
                lane = LaneOf(code);
                break;
            case EventKind.WorldSwitch:
                lane.World = (TraceWorld)code;
                break;
            case EventKind.AddressSpace:
                lane.Space = operands.IsEmpty ? 0 : operands[0];
                break;
            case EventKind.Translation:
                pages.Learn(lane.Space, operands, number);
                break;
            case EventKind.Charge or EventKind.Mark:
                PutName(code);
                break;
        }
        PutEvent((int)kind, code, clock, operands);
    }

    private void PutName(int code)
    {
        if (names[code].Frame == number)
            return;
        names[code] = (names[code].Text, number);
        frame.Dictionary.PutNumber((ulong)code);
        frame.Dictionary.PutNumber((ulong)names[code].Text.Length);
        frame.Dictionary.Put(names[code].Text);
        Queue(RawWord.KindName);
    }

    private void PutEvent(int kind, int code, ulong clock, ReadOnlySpan<ulong> operands)
    {
        Column to = frame.Event;
        to.PutNumber((ulong)code);
        to.PutDifference(clock - lane.Clock);
        to.PutNumber((ulong)operands.Length);
        for (int i = 0; i < operands.Length; i++)
            to.PutDifference(operands[i] - eventMemory.Exchange(kind, i, operands[i]));
        lane.Moved |= clock != lane.Clock;
        lane.Clock = clock;
        Queue(kind);
    }

    private void Queue(int kind)
    {
        if (Running is null)
        {
            accesses = 0;
            PutControl(kind, 0);
        }
        else
        {
            QueueChange();
            amid.Add((kind, accesses));
        }
    }

    private void QueueChange()
    {
        if (changeAt < 0)
            return;
        amid.Add(((int)EventKind.Registers, changeAt));
        changeAt = -1;
    }
}

using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Seamsim.Trace;

// Executions as they nearly always are: all of the block, with accesses of the shapes of last time to pages the frame
// knows, then at most one change of general registers, then the next execution. They are written by pointer. Everything
// else goes the long way, from the same state; so does the rest of an execution that turns out to be unusual.
//
// Invariants: words are read below the end of the chunk only. No word becomes more than Column.WordRoom bytes of any one
// column, and each column has that much for every word. A block with usual accesses has a slot for each of them; a mask
// names registers below 32, and there are more.
internal sealed unsafe partial class TraceEncoder
{
    /// <summary>What is known of the accesses at compile time.</summary>
    private interface IUsualAccesses
    {
        static abstract bool HaveValues { get; }
    }

    /// <summary>Writes usual executions from <paramref name="at"/> on; returns the first word that is not of one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private ulong* Usual<T>(ulong* at, ulong* end) where T : struct, IUsualAccesses
    {
        EndExecution();
        if (lane.Last is not { } last || lane.Moved || lane.RegistersFrame != number || (physical && !PageMap.Tags(lane.Space)))
            return at;
        ulong* first = at, limit = at + Math.Min(Math.Max(0, frameWords - words), end - at);
        UsualColumns to = new(frame, (int)(limit - at));
        BlockModel[] known = blocks;
        ulong clock = lane.Clock, instructions = 0;
        long changes = 0, executions = 0, current = number;
        PageMap? map = physical ? pages : null;
        byte running = plain;
        int length = plainRun;
        BlockModel? begun = null;
        ulong* begunAt = null;
        while (at < limit)
        {
            ulong word = *at;
            BlockModel block = known[RawWord.BlockOf(word)];
            int count = block.UsualAccesses;
            ulong* next = at + 1 + (T.HaveValues ? 2 * (long)count : count);
            if (block.Frame != current || next >= limit)
                break;
            ulong* read = at + 1;
            if (count != 0)
                read = PutAccesses<T>(ref to, read, next, ref block.FirstSlot, map, lane.Space);
            ulong* following = read;
            byte what = ControlByte.Plain;
            if (read != next || !RawWord.IsExecution(*read))
            {
                following = read + 1 + RawWord.WordsOf(*read);
                if (read != next || !RawWord.IsChange(*read) || following >= limit || !RawWord.IsExecution(*following))
                {
                    begun = block;
                    begunAt = at;
                    at = read;
                    break;
                }
                what = ControlByte.Plain | ControlByte.Changes;
            }
            ulong cost = (word - clock) & RawWord.ClockMask;
            clock += cost;
            if (last.Successor == block && cost == last.Cost && what == running)
                length++;
            else
                to.Control = Break(to.Control, ref running, ref length, what, last, block, cost);
            last = block;
            if (following != next)
            {
                PutChange(ref to, next, block, lane);
                changes++;
            }
            executions++;
            instructions += (uint)block.Instructions;
            at = following;
        }
        if (at == first)
            return at;
        words += (int)(at - first);
        to.Advance(frame);
        frame.Counted(instructions, (ulong)(executions + changes));
        (lane.Last, lane.Clock, plain, plainRun) = (last, clock, running, length);
        if (to.LastAddress is { } address)
            lane.LastAddress = address;
        lane.KnownRegisters |= to.Changed;
        if (begun is not null)
            GoOn(begun, *begunAt, (int)(at - begunAt - 1) / (T.HaveValues ? 2 : 1));
        return at;
    }

    /// <summary>An execution that began as usual goes on the long way, after so many of its accesses.</summary>
    private void GoOn(BlockModel block, ulong word, int so)
    {
        Begin(block, lane.Clock + ((word - lane.Clock) & RawWord.ClockMask));
        block.Shapes[..so].CopyTo(shapes);
        accesses = asExpected = so;
    }

    /// <summary>
    /// Writes accesses that have the shapes of last time and stay within pages whose translation the frame holds; returns
    /// where the first other one is.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static ulong* PutAccesses<T>(
        ref UsualColumns to, ulong* at, ulong* end, ref AccessSlot slot, PageMap? map, ulong space)
        where T : struct, IUsualAccesses
    {
        byte* address = to.Address, value = to.Value;
        ulong* first = at;
        do
        {
            ulong access = *at, where = RawWord.AddressOf(access);
            if (RawWord.KindOfAccess(access) != slot.Kind)
                break;
            if (map is not null && (!map.HoldsTagged(space, where & ~0xFFFUL)
                || (where & 0xFFF) + (1UL << RawWord.SizeCode(access)) > 0x1000))
                break;
            ulong moved = where - slot.Address;
            address = Column.SignedWord(address, moved - slot.Stride);
            slot.Stride = moved;
            slot.Address = where;
            if (T.HaveValues)
            {
                ulong content = at[1];
                value = Column.Word(value, content ^ slot.Value);
                slot.Value = content;
            }
            at += T.HaveValues ? 2 : 1;
            slot = ref Unsafe.Add(ref slot, 1);
        }
        while (at < end);
        to.Address = address;
        to.Value = value;
        if (at != first)
            to.LastAddress = Unsafe.Add(ref slot, -1).Address;
        return at;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PutChange(ref UsualColumns to, ulong* at, BlockModel block, Lane lane)
    {
        uint mask = RawWord.ImmediateOf(*at);
        byte* register = Column.Word(to.Register, mask ^ block.RegisterMask);
        block.RegisterMask = mask;
        to.Changed |= mask;
        ref ulong file = ref MemoryMarshal.GetArrayDataReference(lane.Registers);
        for (uint left = mask; left != 0; left &= left - 1)
        {
            ref ulong place = ref Unsafe.Add(ref file, BitOperations.TrailingZeroCount(left));
            ulong content = *++at;
            register = Column.Word(register, content ^ place);
            place = content;
        }
        to.Register = register;
    }

    /// <summary>
    /// Another block than the last time comes next, or at another cost, or a change of registers begins or ceases to come
    /// with each execution: writes the run before it, and what was not expected.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private byte* Break(
        byte* to, ref byte run, ref int length, byte what, BlockModel last, BlockModel block, ulong cost)
    {
        if (length != 0)
        {
            *to++ = length == 1 ? run : (byte)(run | ControlByte.Repeat);
            if (length > 1)
                to = Column.Number(to, (uint)length - 1);
        }
        bool successor = last.Successor == block;
        if (successor && cost == last.Cost)
        {
            (run, length) = (what, 1);
            return to;
        }
        length = 0;
        if (cost != last.Cost)
        {
            what -= ControlByte.CostAsExpected;
            frame.Clock.PutDifference(cost - last.Cost);
            last.Cost = cost;
        }
        if (successor)
        {
            *to++ = what;
            return to;
        }
        *to++ = (byte)(what - ControlByte.SuccessorAsExpected);
        last.Successor = block;
        return Column.Number(to, (uint)block.LocalId);
    }

    private readonly struct WithValues : IUsualAccesses
    {
        public static bool HaveValues => true;
    }

    private readonly struct WithoutValues : IUsualAccesses
    {
        public static bool HaveValues => false;
    }

    /// <summary>Where usual executions are written.</summary>
    private ref struct UsualColumns
    {
        public byte* Control, Address, Value, Register;
        public ulong? LastAddress;
        public uint Changed;

        public UsualColumns(FrameBuilder frame, int words)
        {
            int room = (words + 1) * Column.WordRoom;
            Control = frame.Control.Reserve(2 * room);
            Address = frame.Address.Reserve(room);
            Value = frame.Value.Reserve(room);
            Register = frame.Register.Reserve(room);
        }

        public readonly void Advance(FrameBuilder frame)
        {
            frame.Control.Advance(Control);
            frame.Address.Advance(Address);
            frame.Value.Advance(Value);
            frame.Register.Advance(Register);
        }
    }
}

using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Seamsim.Trace;

// Executions as they nearly always are: all of the block, with accesses of the shapes of last time to pages the frame
// knows, then at most one change of general registers, then the next execution. They are known from their raw words
// before anything is written, and are written by pointer. Everything else goes the long way, from the same state.
internal sealed unsafe partial class TraceEncoder
{
    /// <summary>More than the bytes that one usual execution puts into any one column.</summary>
    private const int UsualRoom = 1024;

    private const int UsualReserve = 64 * 1024;

    /// <summary>Writes usual executions from <paramref name="at"/> on; returns the first word that is not of one.</summary>
    /// <remarks>
    /// Invariants: words are read below <paramref name="end"/> only. Columns have <see cref="UsualRoom"/> behind their edges,
    /// and an execution has at most 62 accesses and 32 registers of at most nine bytes each. A block with usual accesses has
    /// a slot for each of them; a mask names registers below 32, and there are more.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private ulong* Usual(ulong* at, ulong* end)
    {
        EndExecution();
        if (lane.Last is not { } last || lane.Moved || lane.RegistersFrame != number)
            return at;
        byte* address = frame.Address.Reserve(UsualReserve), addressEdge = address + (UsualReserve - UsualRoom);
        byte* value = frame.Value.Reserve(UsualReserve), valueEdge = value + (UsualReserve - UsualRoom);
        byte* register = frame.Register.Reserve(UsualReserve), registerEdge = register + (UsualReserve - UsualRoom);
        ref ulong file = ref MemoryMarshal.GetArrayDataReference(lane.Registers);
        BlockModel[] known = blocks;
        ulong clock = lane.Clock, lastAddress = lane.LastAddress, space = lane.Space, instructions = 0, records = 0;
        uint changed = 0;
        int step = values ? 2 : 1, most = frameWords;
        ulong* first = at;
        ulong* limit = at + Math.Max(0, most - words);
        if (limit > end)
            limit = end;
        while (at < limit)
        {
            ulong word = *at;
            BlockModel block = known[RawWord.BlockOf(word)];
            int count = block.UsualAccesses;
            ulong* next = at + 1 + (nint)count * step;
            if (block.Frame != number || next >= end || address > addressEdge || value > valueEdge || register > registerEdge)
                break;
            ref AccessSlot slots = ref block.FirstSlot;
            bool usual = true;
            for (int i = 0; i < count; i++)
            {
                ulong access = at[1 + (nint)i * step];
                usual &= RawWord.KindOfAccess(access) == Unsafe.Add(ref slots, i).Kind && Knows(access, space);
            }
            if (!usual)
                break;
            ulong after = *next;
            ulong* following = next;
            bool changes = false;
            if (!RawWord.IsExecution(after))
            {
                following = next + 1 + RawWord.WordsOf(after);
                if (!RawWord.IsChange(after) || following >= end || !RawWord.IsExecution(*following)
                    || BitOperations.PopCount((uint)after) != RawWord.WordsOf(after))
                    break;
                changes = true;
            }

            ulong now = (clock & ~RawWord.ClockMask) | (word & RawWord.ClockMask);
            if (now < clock)
                now += RawWord.ClockMask + 1;
            ulong cost = now - clock;
            clock = now;
            byte what = changes ? (byte)(ControlByte.Plain | ControlByte.Changes) : ControlByte.Plain;
            if (last.Successor == block && cost == last.Cost)
                RunOn(what);
            else
                Surprise(what, last, block, cost);
            last = block;

            for (int i = 0; i < count; i++)
            {
                ref AccessSlot slot = ref Unsafe.Add(ref slots, i);
                ulong where = RawWord.AddressOf(at[1 + (nint)i * step]);
                ulong moved = where - slot.Address;
                address = Column.Difference(address, moved - slot.Stride);
                slot.Stride = moved;
                slot.Address = lastAddress = where;
                if (step == 1)
                    continue;
                ulong content = at[2 + (nint)i * 2];
                value = Column.Number(value, content ^ slot.Value);
                slot.Value = content;
            }
            records++;
            if (changes)
            {
                uint mask = (uint)after;
                register = Column.Number(register, mask ^ block.RegisterMask);
                block.RegisterMask = mask;
                changed |= mask;
                for (uint left = mask; left != 0; left &= left - 1)
                {
                    ref ulong place = ref Unsafe.Add(ref file, BitOperations.TrailingZeroCount(left));
                    ulong content = *++next;
                    register = Column.Number(register, content ^ place);
                    place = content;
                }
                records++;
            }
            instructions += (ulong)block.Instructions;
            at = following;
        }
        if (at == first)
            return at;
        words += (int)(at - first);
        frame.Address.Advance(address);
        frame.Value.Advance(value);
        frame.Register.Advance(register);
        frame.Counted(instructions, records);
        (lane.Last, lane.Clock, lane.LastAddress) = (last, clock, lastAddress);
        lane.KnownRegisters |= changed;
        return at;
    }

    /// <summary>Whether the frame holds the translation of the access, which stays within a page.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Knows(ulong access, ulong space)
    {
        ulong at = RawWord.AddressOf(access), page = at & ~0xFFFUL;
        return !physical || (pages.Holds(space, page) && (at & 0xFFF) + (1UL << RawWord.SizeCode(access)) <= 0x1000);
    }

    /// <summary>Another block than the last time comes next, or at another cost.</summary>
    private void Surprise(byte what, BlockModel last, BlockModel block, ulong cost)
    {
        EndPlainRun();
        bool successor = last.Successor == block;
        if (!successor)
            what -= ControlByte.SuccessorAsExpected;
        if (cost != last.Cost)
        {
            what -= ControlByte.CostAsExpected;
            frame.Clock.PutDifference(cost - last.Cost);
        }
        frame.Control.Put(what);
        if (!successor)
            frame.Control.PutNumber((ulong)block.LocalId);
        last.Successor = block;
        last.Cost = cost;
    }
}

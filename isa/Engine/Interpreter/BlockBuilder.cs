using Iced.Intel;
using Seamsim.Isa.Probes;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine.Interpreter;

/// <summary>Decodes a block: instructions up to a branch, a system instruction or the end of the page.</summary>
internal sealed unsafe partial class BlockBuilder(Core core, HandlerTable handlers)
{
    /// <summary>Instructions of the longest block.</summary>
    public const int MaxInstructions = 48;

    private const int LongestInstruction = 15;

    private readonly Instruction[] decoded = new Instruction[MaxInstructions];
    private readonly HandlerKey[] keys = new HandlerKey[MaxInstructions];
    private readonly byte[] bytes = new byte[0x1000 + LongestInstruction];
    private int count, available;

    /// <summary>Decodes the block at a translated address; null when the fetch of its second page faulted.</summary>
    public Block? Build(in BlockKey key, Hpa physical, BlockCache cache)
    {
        available = 0x1000 - physical.PageOffset;
        core.Memory.Read(physical, bytes.AsSpan(0, available), core.InSeam);
        bool step = (key.Mode & BlockKey.Step) != 0;
        Decode(key, step ? 1 : MaxInstructions);
        Hpa? second = null;
        if (count == 0)
        {
            if (!core.TryFetchPage(key.Rip + (ulong)available, out Hpa next))
                return null;
            core.Memory.Read(next, bytes.AsSpan(available, LongestInstruction), core.InSeam);
            available += LongestInstruction;
            second = next;
            Decode(key, 1);
        }
        return Emit(key, cache.Arena, second, step);
    }

    /// <summary>Leaves <see cref="count"/> = 0 when the first instruction runs past the bytes at hand.</summary>
    private void Decode(in BlockKey key, int most)
    {
        int bits = BitsOf(key);
        var reader = new ByteArrayCodeReader(bytes, 0, available);
        Decoder decoder = Decoder.Create(bits, reader, key.Rip);
        for (count = 0; count < most;)
        {
            decoder.Decode(out decoded[count]);
            if (decoded[count].IsInvalid && decoder.LastError == DecoderError.NoMoreBytes)
                break;
            count++;
            if (EndsBlock(decoded[count - 1]))
                break;
        }
    }

    private static int BitsOf(in BlockKey key) => (key.Mode & 3) switch { 0 => 64, 1 => 32, _ => 16 };

    private static bool EndsBlock(in Instruction instruction) =>
        instruction.FlowControl != FlowControl.Next || instruction.IsInvalid;

    private Block Emit(in BlockKey key, OpArena arena, Hpa? second, bool step)
    {
        Op* head = arena.Take(count + 5);
        Op* op = head + 1;
        if (core.Probe is not null)
            op++; // the observer's marker
        if (core.Timing is not null)
            head->Link = step ? head + count + 4 : op++; // that of the timing; a step's is not run through
        bool code64 = (key.Mode & 3) == 0;
        int used = 0;
        for (; used < count; used++)
        {
            keys[used] = OpBinder.Bind(decoded[used], op + used, code64);
            if (keys[used].Family != Family.System)
                continue;
            used++;
            break; // the run loop executes it
        }
        count = used;
        if (!step)
            FlagLiveness.Elide(decoded, keys, count);
        Op* last = FuseAndFinish(op, step);
        bool open = last < op || !IsTerminator(HandlerKey.Unpack(last->Key).Family);
        if (open)
        {
            last++;
            Finish(last, new HandlerKey(Family.FallThrough, 0, 0, 0, 0, Place.None, Place.None, true, false));
            last->NextRip = decoded[count - 1].NextIP;
        }
        if (!step && second is null)
            MarkLinks(last, key);
        FinishHead(head, key);
        if (keys[count - 1].Family == Family.System)
        {
            // the run loop executes it from its Iced form, kept in the spare op behind the last one
            *(Instruction*)(last + 1) = decoded[count - 1];
            last->Imm = (ulong)(last + 1);
        }
        return new Block { Key = key, Head = head, SecondPage = second };
    }

    /// <summary>A block that hands over to managed code; it counts no instruction and no cycle.</summary>
    public Block BuildManaged(in BlockKey key, OpArena arena)
    {
        Op* head = arena.Take(2);
        head->NextRip = head[1].NextRip = key.Rip;
        Finish(head + 1, new HandlerKey(Family.Managed, 0, 0, 0, 0, Place.None, Place.None, true, false));
        return new Block { Key = key, Head = head };
    }

    /// <summary>The careful version of a handler.</summary>
    public delegate*<LogicalProcessor*, Op*, Op*> Careful(ulong key) =>
        handlers.Get(HandlerKey.Unpack(key).ToCareful().Pack());

    /// <summary>Joins CMP or TEST with the Jcc behind it, and fills in the handlers.</summary>
    private Op* FuseAndFinish(Op* op, bool step)
    {
        int last = count - 1;
        if (!step && count >= 2 && keys[last].Family == Family.JumpIf && TryFuse(keys[last - 1], keys[last], out HandlerKey fused))
        {
            Op* pair = op + last - 1, jump = op + last;
            pair->NextRip = jump->NextRip;
            pair->Target = jump->Target;
            pair->Length += jump->Length;
            pair->Count = 2;
            keys[last - 1] = fused;
            last--;
        }
        byte left = (byte)count;
        for (int i = 0; i <= last; i++)
        {
            op[i].Left = left;
            left -= (byte)op[i].Count;
            Finish(op + i, keys[i]);
        }
        return op + last;
    }

    private static bool TryFuse(in HandlerKey compare, in HandlerKey jump, out HandlerKey fused)
    {
        fused = compare with { Condition = jump.Condition, Operation = 0 };
        if (compare.Family != Family.Compare)
            return false;
        Type operation = Isa.Decode.InstructionTable.OperationAt(compare.Operation)!;
        if (operation == typeof(Semantics.Cmp))
            fused = fused with { Family = Family.CompareJump };
        else if (operation == typeof(Semantics.Test) && compare.Src is Place.Register or Place.Immediate)
            fused = fused with { Family = Family.TestJump };
        else
            return false;
        return operation == typeof(Semantics.Cmp) || operation == typeof(Semantics.Test);
    }

    private void Finish(Op* op, in HandlerKey key)
    {
        op->Key = key.Pack();
        op->Fn = handlers.Get(op->Key);
        op->Careful = &Flow.FindCareful;
    }

    private void FinishHead(Op* head, in BlockKey key)
    {
        int length = (int)(decoded[count - 1].NextIP - key.Rip);
        head->NextRip = key.Rip;
        head->Left = (byte)count;
        ReadOnlySpan<byte> code = bytes.AsSpan(0, Math.Min(length, available));
        if (core.Timing is { } timing)
            timing.Define(core, head->Link, BlockOf(key, code, paid: false));
        else
            head->Imm = core.Costs.BlockCycles(code, key.Rip, BitsOf(key), count);
        if (core.Probe is not null)
            FillMarker(head, key, code);
    }

    private static bool IsTerminator(Family family) => family >= Family.CallDirect;

    /// <summary>Only ways that stay on the linear page are linked: the page's mapping is the block's own.</summary>
    private static void MarkLinks(Op* last, in BlockKey key)
    {
        if (((last->Target ^ key.Rip) & ~0xFFFUL) == 0)
            last->Mode |= OpMode.LinkTarget;
        if (((last->NextRip ^ key.Rip) & ~0xFFFUL) == 0)
            last->Mode |= OpMode.LinkNext;
    }
}

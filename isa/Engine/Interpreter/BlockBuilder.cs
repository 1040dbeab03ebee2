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
    private bool beyondLimit;

    /// <summary>
    /// Decodes the block at a translated address; null when its first instruction reaches beyond the code segment, or the
    /// fetch of its second page faulted.
    /// </summary>
    public Block? Build(in BlockKey key, Hpa physical, ulong linear, BlockCache cache)
    {
        available = 0x1000 - physical.PageOffset;
        core.Memory.Read(physical, bytes.AsSpan(0, available), core.InSeam);
        bool step = (key.Mode & BlockKey.Step) != 0;
        Decode(key, step ? 1 : MaxInstructions);
        Hpa? second = null;
        if (count == 0)
        {
            if (beyondLimit)
            {
                core.RaiseGp0();
                return null;
            }
            if (!core.TryFetchPage(core.PageAfter(linear), out Hpa next))
                return null;
            core.Memory.Read(next, bytes.AsSpan(available, LongestInstruction), core.InSeam);
            available += LongestInstruction;
            second = next;
            Decode(key, 1);
            if (beyondLimit)
            {
                core.RaiseGp0();
                return null;
            }
        }
        return Emit(key, cache.Arena, second, step);
    }

    /// <summary>
    /// Leaves <see cref="count"/> = 0 when the first instruction runs past the bytes at hand, or past the segment's limit.
    /// </summary>
    private void Decode(in BlockKey key, int most)
    {
        int bits = BitsOf(key);
        var reader = new ByteArrayCodeReader(bytes, 0, available);
        Isa.Decode.FeatureGate features = core.Features;
        Decoder decoder = Decoder.Create(bits, reader, key.Rip, features.Options);
        beyondLimit = false;
        for (count = 0; count < most;)
        {
            decoder.Decode(out decoded[count]);
            if (decoded[count].IsInvalid && decoder.LastError == DecoderError.NoMoreBytes)
            {
                beyondLimit = key.Rip + (ulong)available > key.Limit && bits != 64;
                break;
            }
            beyondLimit = bits != 64 && decoded[count].NextIP - 1 > key.Limit;
            if (beyondLimit)
                break;
            if (decoded[count].IsInvalid)
                MarkOverlong(reader, bits, features.Options);
            features.Apply(ref decoded[count]);
            count++;
            if (EndsBlock(decoded[count - 1]))
                break;
        }
    }

    private static int BitsOf(in BlockKey key) => (key.Mode & 3) switch { 0 => 64, 1 => 32, _ => 16 };

    /// <summary>
    /// An instruction of 15 bytes that only a 16th would complete is too long, which is #GP(0); one that 15 bytes make
    /// invalid is #UD. Without one of its prefixes it shows which.
    /// </summary>
    private void MarkOverlong(ByteArrayCodeReader reader, int bits, DecoderOptions options)
    {
        ref Instruction instruction = ref decoded[count];
        if (instruction.Length < LongestInstruction)
            return;
        int start = reader.Position - LongestInstruction;
        var shorter = new ByteArrayCodeReader(bytes, start + 1, available - start - 1);
        Decoder decoder = Decoder.Create(bits, shorter, 0, options);
        decoder.Decode(out Instruction rest);
        if (rest.Length == LongestInstruction)
            instruction.Length = LongestInstruction + 1;
    }

    /// <summary>Under CET: near CALL and RET with a shadow stack, indirect branches and ENDBRANCH with tracking.</summary>
    private static bool IsEnforced(in Instruction instruction, in BlockKey key)
    {
        bool indirect = instruction.FlowControl is FlowControl.IndirectBranch or FlowControl.IndirectCall;
        return (key.IsShadowed && instruction.FlowControl is FlowControl.Call or FlowControl.IndirectCall or FlowControl.Return)
            || (key.IsTracked && (indirect || instruction.Mnemonic is Mnemonic.Endbr64 or Mnemonic.Endbr32));
    }

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
            keys[used] = OpBinder.Bind(decoded[used], op + used, code64, key.VectorMode);
            if (op[used].Target > key.Limit && !code64)
                keys[used] = OpBinder.System(); // beyond the segment: the branch itself faults
            if (key.Mode >> BlockKey.CetShift != 0 && IsEnforced(decoded[used], key))
                keys[used] = OpBinder.System();
            if (keys[used].Family == Family.VectorGeneral)
                op[used].Imm = Keep(decoded[used], arena);
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
            MarkLinks(last, key, core.PageSkew);
        FinishHead(head, key);
        if (keys[count - 1].Family == Family.System)
        {
            // the run loop executes it from its Iced form, kept in the spare op behind the last one
            *(Instruction*)(last + 1) = decoded[count - 1];
            last->Imm = (ulong)(last + 1);
        }
        return new Block { Key = key, Head = head, SecondPage = second, First = decoded[0].Code };
    }

    /// <summary>An instruction that is executed from its Iced form, in an op's room.</summary>
    private static ulong Keep(in Instruction instruction, OpArena arena)
    {
        Instruction* kept = (Instruction*)arena.Take(1);
        *kept = instruction;
        return (ulong)kept;
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
    private static void MarkLinks(Op* last, in BlockKey key, ulong skew)
    {
        if ((((last->Target + skew) ^ (key.Rip + skew)) & ~0xFFFUL) == 0)
            last->Mode |= OpMode.LinkTarget;
        if ((((last->NextRip + skew) ^ (key.Rip + skew)) & ~0xFFFUL) == 0)
            last->Mode |= OpMode.LinkNext;
    }
}

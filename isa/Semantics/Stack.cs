using Iced.Intel;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>PUSH, POP, PUSHA, ENTER and LEAVE in the forms without a handler of their own. SDM vol. 2.</summary>
internal static unsafe class Stack
{
    public static Outcome Push(Core core, in Instruction i)
    {
        int bytes = -i.StackPointerIncrement;
        if (!core.TryReadOperand(i, 0, out ulong value))
            return Outcome.Fault;
        // A segment register in a doubleword slot: a 16-bit move, as the manual says of recent processors.
        bool narrow = bytes == 4 && i.Op0Kind == OpKind.Register && i.Op0Register.IsSegmentRegister();
        return core.TryPush(value, bytes, narrow ? 2 : bytes) ? Outcome.Next : Outcome.Fault;
    }

    public static Outcome Pop(Core core, in Instruction i)
    {
        int bytes = i.StackPointerIncrement;
        if (!core.TryReadStack(0, bytes, out ulong value))
            return Outcome.Fault;
        if (i.Op0Kind == OpKind.Register && i.Op0Register.IsSegmentRegister())
        {
            if (Segments.Load(core, i.Op0Register, (ushort)value) == Outcome.Fault)
                return Outcome.Fault;
            core.StackPointer += (ulong)bytes;
            return Outcome.Next;
        }
        // POP [RSP+…] computes its address with the incremented pointer
        ulong old = core.Lp->Gpr[4];
        core.StackPointer += (ulong)bytes;
        if (core.TryWriteOperand(i, 0, value))
            return Outcome.Next;
        core.Lp->Gpr[4] = old;
        return Outcome.Fault;
    }

    public static Outcome Leave(Core core, in Instruction i)
    {
        int bytes = i.Code switch { Code.Leaveq => 8, Code.Leaved => 4, _ => 2 };
        ulong old = core.Lp->Gpr[4];
        core.StackPointer = core.Lp->Gpr[5];
        if (!core.TryReadStack(0, bytes, out ulong frame))
        {
            core.Lp->Gpr[4] = old;
            return Outcome.Fault;
        }
        core.StackPointer += (ulong)bytes;
        core.WriteRegister(bytes switch { 8 => Register.RBP, 4 => Register.EBP, _ => Register.BP }, frame);
        return Outcome.Next;
    }

    public static Outcome Enter(Core core, in Instruction i)
    {
        int bytes = i.Code switch { Code.Enterq_imm16_imm8 => 8, Code.Enterd_imm16_imm8 => 4, _ => 2 };
        int level = (int)(i.GetImmediate(1) & 31);
        ulong old = core.Lp->Gpr[4], oldFrame = core.Lp->Gpr[5];
        if (TryEnter(core, bytes, level, i.GetImmediate(0)))
            return Outcome.Next;
        (core.Lp->Gpr[4], core.Lp->Gpr[5]) = (old, oldFrame);
        return Outcome.Fault;
    }

    public static Outcome Pusha(Core core, in Instruction i)
    {
        int bytes = i.Mnemonic == Mnemonic.Pushad ? 4 : 2;
        ulong old = core.Lp->Gpr[4];
        for (int register = 0; register < 8; register++)
        {
            if (core.TryPush(register == 4 ? old : core.Lp->Gpr[register], bytes))
                continue;
            core.Lp->Gpr[4] = old;
            return Outcome.Fault;
        }
        return Outcome.Next;
    }

    public static Outcome Popa(Core core, in Instruction i)
    {
        int bytes = i.Mnemonic == Mnemonic.Popad ? 4 : 2;
        Span<ulong> values = stackalloc ulong[8];
        for (int slot = 0; slot < 8; slot++)
            if (!core.TryReadStack(slot * bytes, bytes, out values[slot]))
                return Outcome.Fault;
        for (int slot = 0; slot < 8; slot++)
            if (slot != 3)
                core.WriteRegister((bytes == 4 ? Register.EDI : Register.DI) - slot, values[slot]);
        core.StackPointer += (ulong)(8 * bytes);
        return Outcome.Next;
    }

    private static bool TryEnter(Core core, int bytes, int level, ulong size)
    {
        ulong frame = core.Lp->Gpr[5];
        if (!core.TryPush(frame, bytes))
            return false;
        ulong start = core.StackPointer;
        for (int n = 1; n < level; n++)
        {
            frame -= (ulong)bytes;
            if (!core.TryReadStackAt(frame, bytes, out ulong link) || !core.TryPush(link, bytes))
                return false;
        }
        if (level > 0 && !core.TryPush(start, bytes))
            return false;
        core.WriteRegister(bytes switch { 8 => Register.RBP, 4 => Register.EBP, _ => Register.BP }, start);
        core.StackPointer -= size;
        return core.CanWriteStack(bytes); // the new top is touched as for a store
    }
}

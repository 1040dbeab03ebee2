using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>CALL, JMP, RET, LOOP and JCXZ outside 64-bit mode or with unusual sizes. SDM vol. 2.</summary>
internal static unsafe class NearTransfer
{
    public static Outcome Call(Core core, in Instruction i)
    {
        if (i.IsCallFar || i.IsCallFarIndirect)
            return FarTransfer.Call(core, i);
        int bytes = -i.StackPointerIncrement;
        if (!core.TryReadOperand(i, 0, out ulong target))
            return Outcome.Fault;
        ulong old = core.StackPointer;
        if (!IsInside(core, target))
            return core.RaiseGp0();
        if (!core.TryPush(i.NextIP, bytes))
        {
            core.StackPointer = old;
            return Outcome.Fault;
        }
        return Told(core, i, IsIndirect(i) ? BranchKind.IndirectCall : BranchKind.Call, core.JumpNear(target));
    }

    public static Outcome Jmp(Core core, in Instruction i)
    {
        if (i.IsJmpFar || i.IsJmpFarIndirect)
            return FarTransfer.Jmp(core, i);
        if (!core.TryReadOperand(i, 0, out ulong target))
            return Outcome.Fault;
        return Told(core, i, IsIndirect(i) ? BranchKind.Indirect : BranchKind.Direct, core.JumpNear(target));
    }

    public static Outcome Ret(Core core, in Instruction i)
    {
        ulong release = i.OpCount > 0 ? i.GetImmediate(0) : 0;
        int bytes = i.Code is Code.Retnq or Code.Retnq_imm16 ? 8 : i.Code is Code.Retnd or Code.Retnd_imm16 ? 4 : 2;
        if (!core.TryReadStack(0, bytes, out ulong target) || core.JumpNear(target) == Outcome.Fault)
            return Outcome.Fault;
        core.StackPointer += (ulong)bytes + release;
        return Told(core, i, BranchKind.Return, Outcome.Jumped);
    }

    public static Outcome Loop(Core core, in Instruction i)
    {
        ulong count = CountRegister(core, i, out Register register) - 1;
        core.WriteRegister(register, count);
        bool goes = CountRegister(core, i, out _) != 0 && i.Mnemonic switch
        {
            Mnemonic.Loope => LazyFlags.Zero(core.Lp),
            Mnemonic.Loopne => !LazyFlags.Zero(core.Lp),
            _ => true,
        };
        return Told(core, i, BranchKind.Conditional, goes ? core.JumpNear(i.NearBranchTarget) : Outcome.Next);
    }

    public static Outcome Jcxz(Core core, in Instruction i) =>
        Told(core, i, BranchKind.Conditional,
            CountRegister(core, i, out _) == 0 ? core.JumpNear(i.NearBranchTarget) : Outcome.Next);

    private static bool IsIndirect(in Instruction i) => i.Op0Kind is OpKind.Register or OpKind.Memory;

    private static Outcome Told(Core core, in Instruction i, BranchKind kind, Outcome outcome)
    {
        if (outcome != Outcome.Fault)
            core.Timing?.Branched(core, kind, taken: outcome == Outcome.Jumped, i.NextIP);
        return outcome;
    }

    private static ulong CountRegister(Core core, in Instruction i, out Register register)
    {
        string code = i.Code.ToString();
        register = code.Contains("RCX", StringComparison.Ordinal) || i.Mnemonic == Mnemonic.Jrcxz ? Register.RCX
            : code.Contains("ECX", StringComparison.Ordinal) || i.Mnemonic == Mnemonic.Jecxz ? Register.ECX
            : Register.CX;
        return core.ReadRegister(register);
    }

    private static bool IsInside(Core core, ulong target) =>
        core.LongMode64 ? core.IsCanonical(target) : target <= core.Lp->Cs.Limit;
}

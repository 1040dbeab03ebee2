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
        if (!IsInside(core, target))
            return core.RaiseGp0();
        bool isIndirect = IsIndirect(i);
        // CALL to the next instruction only reads RIP: it leaves the shadow stack alone
        bool shadows = core.ShadowStackEnabled(core.Cpl) && (isIndirect || target != i.NextIP);
        int slot = Math.Max(bytes, 4);
        PreparedWrite shadow = default;
        if (!core.TryPreparePush(bytes, bytes, out ulong linear) || (shadows && !core.TryPrepareShadowPush(slot, out shadow)))
            return Outcome.Fault;
        core.CompletePush(linear, i.NextIP, bytes, bytes);
        if (shadows)
            core.PushShadow(shadow, slot, i.NextIP);
        if (isIndirect)
            core.TrackIndirect(i);
        return Told(core, i, isIndirect ? BranchKind.IndirectCall : BranchKind.Call, core.JumpNear(target));
    }

    public static Outcome Jmp(Core core, in Instruction i)
    {
        if (i.IsJmpFar || i.IsJmpFarIndirect)
            return FarTransfer.Jmp(core, i);
        if (!core.TryReadOperand(i, 0, out ulong target))
            return Outcome.Fault;
        Outcome outcome = core.JumpNear(target);
        if (outcome != Outcome.Fault && IsIndirect(i))
            core.TrackIndirect(i);
        return Told(core, i, IsIndirect(i) ? BranchKind.Indirect : BranchKind.Direct, outcome);
    }

    /// <summary>Jcc whose target lies beyond the code segment: the branch faults when it is taken.</summary>
    public static Outcome Jcc(Core core, in Instruction i) =>
        Told(core, i, BranchKind.Conditional,
            Holds(core.Lp, i.ConditionCode) ? core.JumpNear(i.NearBranchTarget) : Outcome.Next);

    private static bool Holds(LogicalProcessor* lp, ConditionCode condition) => condition switch
    {
        ConditionCode.o  => LazyFlags.Overflow(lp),
        ConditionCode.no => !LazyFlags.Overflow(lp),
        ConditionCode.b  => LazyFlags.Carry(lp),
        ConditionCode.ae => !LazyFlags.Carry(lp),
        ConditionCode.e  => LazyFlags.Zero(lp),
        ConditionCode.ne => !LazyFlags.Zero(lp),
        ConditionCode.be => LazyFlags.Carry(lp) || LazyFlags.Zero(lp),
        ConditionCode.a  => !LazyFlags.Carry(lp) && !LazyFlags.Zero(lp),
        ConditionCode.s  => LazyFlags.Sign(lp),
        ConditionCode.ns => !LazyFlags.Sign(lp),
        ConditionCode.p  => LazyFlags.Parity(lp),
        ConditionCode.np => !LazyFlags.Parity(lp),
        ConditionCode.l  => LazyFlags.Sign(lp) != LazyFlags.Overflow(lp),
        ConditionCode.ge => LazyFlags.Sign(lp) == LazyFlags.Overflow(lp),
        ConditionCode.le => LazyFlags.Zero(lp) || LazyFlags.Sign(lp) != LazyFlags.Overflow(lp),
        _                => !LazyFlags.Zero(lp) && LazyFlags.Sign(lp) == LazyFlags.Overflow(lp),
    };

    public static Outcome Ret(Core core, in Instruction i)
    {
        ulong release = i.OpCount > 0 ? i.GetImmediate(0) : 0;
        int bytes = i.Code is Code.Retnq or Code.Retnq_imm16 ? 8 : i.Code is Code.Retnd or Code.Retnd_imm16 ? 4 : 2;
        if (!core.TryReadStack(0, bytes, out ulong target))
            return Outcome.Fault;
        if (!IsInside(core, target))
            return core.RaiseGp0();
        int slot = Math.Max(bytes, 4);
        bool shadows = core.ShadowStackEnabled(core.Cpl);
        if (shadows && !core.TryPopShadow(slot, target))
            return Outcome.Fault;
        if (shadows)
            core.Lp->Ssp += (ulong)slot;
        core.StackPointer += (ulong)bytes + release;
        return Told(core, i, BranchKind.Return, core.JumpNear(target));
    }

    public static Outcome Loop(Core core, in Instruction i)
    {
        ulong count = CountRegister(core, i, out Register register) - 1;
        bool more = count << (64 - (8 * register.GetSize())) != 0;
        bool goes = more && i.Mnemonic switch
        {
            Mnemonic.Loope => LazyFlags.Zero(core.Lp),
            Mnemonic.Loopne => !LazyFlags.Zero(core.Lp),
            _ => true,
        };
        Outcome outcome = goes ? core.JumpNear(i.NearBranchTarget) : Outcome.Next;
        if (outcome != Outcome.Fault)
            core.WriteRegister(register, count);
        return Told(core, i, BranchKind.Conditional, outcome);
    }

    public static Outcome Jcxz(Core core, in Instruction i) =>
        Told(core, i, BranchKind.Conditional,
            CountRegister(core, i, out _) == 0 ? core.JumpNear(i.NearBranchTarget) : Outcome.Next);

    private static bool IsIndirect(in Instruction i) => i.Op0Kind is OpKind.Register or OpKind.Memory;

    private static Outcome Told(Core core, in Instruction i, BranchKind kind, Outcome outcome)
    {
        if (outcome != Outcome.Fault)
            core.Timing?.Branched(core, kind, taken: outcome == Outcome.Jumped, i.NextIP, core.Lp->Rip);
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

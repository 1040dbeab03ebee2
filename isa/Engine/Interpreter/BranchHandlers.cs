using System.Numerics;
using System.Runtime.CompilerServices;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Semantics;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine.Interpreter;

/// <summary>JMP rel.</summary>
internal static unsafe class JumpDirect<TProbe>
    where TProbe : struct, IProbe
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        TProbe.Branched(lp, BranchKind.Direct, taken: true, op->NextRip, 0);
        if (op->Link == null)
            return Flow.Taken(lp, op);
        op = op->Link;
        if (Flow.MustStop<TProbe>(lp, op))
            return Flow.Stop(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>Past the end of a block that no branch ends.</summary>
internal static unsafe class FallThrough
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        if (op->LinkNext == null)
            return Flow.NotTaken(lp, op);
        op = op->LinkNext;
        if (Flow.MustStop(lp, op))
            return Flow.Stop(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>Jcc on the flags.</summary>
internal static unsafe class JumpIf<TCondition, TProbe>
    where TCondition : struct, ICondition where TProbe : struct, IProbe
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        if (TCondition.Holds(lp))
        {
            TProbe.Branched(lp, BranchKind.Conditional, taken: true, op->NextRip, 0);
            if (op->Link == null)
                return Flow.Taken(lp, op);
            op = op->Link;
        }
        else
        {
            TProbe.Branched(lp, BranchKind.Conditional, taken: false, op->NextRip, 0);
            if (op->LinkNext == null)
                return Flow.NotTaken(lp, op);
            op = op->LinkNext;
        }
        if (Flow.MustStop<TProbe>(lp, op))
            return Flow.Stop(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>CMP and Jcc in one op.</summary>
internal static unsafe class CompareJump<TCondition, T, TDst, TSrc, TFlags, TProbe>
    where TCondition : struct, ICondition where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    where TDst : struct, IOperand where TSrc : struct, IOperand where TFlags : struct, IFlagSink
    where TProbe : struct, IProbe
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        ulong to = TDst.Address(lp, op);
        if (TDst.CannotRead<T>(lp, op, to))
        {
            if (TDst.IsCareful)
                return Flow.Fault(lp, op);
            return op->Careful(lp, op);
        }
        T a = TDst.Read<T>(lp, op, to);
        ulong from = TSrc.Address(lp, op);
        if (TSrc.CannotRead<T>(lp, op, from))
        {
            if (TSrc.IsCareful)
                return Flow.Fault(lp, op);
            return op->Careful(lp, op);
        }
        T b = TSrc.Read<T>(lp, op, from);
        Cmp.Apply<T, TFlags>(lp, a, b);
        if (TCondition.Compared(a, b))
        {
            TProbe.Branched(lp, BranchKind.Conditional, taken: true, op->NextRip, 0);
            if (TDst.IsCareful || TSrc.IsCareful || op->Link == null)
                return Flow.Taken(lp, op);
            op = op->Link;
        }
        else
        {
            TProbe.Branched(lp, BranchKind.Conditional, taken: false, op->NextRip, 0);
            if (TDst.IsCareful || TSrc.IsCareful || op->LinkNext == null)
                return Flow.NotTaken(lp, op);
            op = op->LinkNext;
        }
        if (Flow.MustStop<TProbe>(lp, op))
            return Flow.Stop(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>TEST and Jcc in one op.</summary>
internal static unsafe class TestJump<TCondition, T, TDst, TSrc, TFlags, TProbe>
    where TCondition : struct, ICondition where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    where TDst : struct, IOperand where TSrc : struct, IOperand where TFlags : struct, IFlagSink
    where TProbe : struct, IProbe
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        ulong to = TDst.Address(lp, op);
        if (TDst.CannotRead<T>(lp, op, to))
        {
            if (TDst.IsCareful)
                return Flow.Fault(lp, op);
            return op->Careful(lp, op);
        }
        T result = TDst.Read<T>(lp, op, to) & TSrc.Read<T>(lp, op, TSrc.Address(lp, op));
        TFlags.Logic(lp, result);
        if (TCondition.Tested(result))
        {
            TProbe.Branched(lp, BranchKind.Conditional, taken: true, op->NextRip, 0);
            if (TDst.IsCareful || op->Link == null)
                return Flow.Taken(lp, op);
            op = op->Link;
        }
        else
        {
            TProbe.Branched(lp, BranchKind.Conditional, taken: false, op->NextRip, 0);
            if (TDst.IsCareful || op->LinkNext == null)
                return Flow.NotTaken(lp, op);
            op = op->LinkNext;
        }
        if (Flow.MustStop<TProbe>(lp, op))
            return Flow.Stop(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>JMP r/m64.</summary>
internal static unsafe class JumpIndirect<TSrc, TProbe>
    where TSrc : struct, IOperand where TProbe : struct, IProbe
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        ulong from = TSrc.Address(lp, op);
        if (TSrc.CannotRead<ulong>(lp, op, from))
        {
            if (TSrc.IsCareful)
                return Flow.Fault(lp, op);
            return op->Careful(lp, op);
        }
        ulong rip = TSrc.Read<ulong>(lp, op, from);
        TProbe.Branched(lp, BranchKind.Indirect, taken: true, op->NextRip, rip);
        JumpEntry* entry = Flow.JumpSlot(lp, rip);
        if (TSrc.IsCareful || entry->Rip != rip || entry->Space != lp->CodeSpace)
        {
            lp->Scratch = rip;
            return Flow.JumpTo(lp, op);
        }
        op = entry->Head;
        if (Flow.MustStop<TProbe>(lp, op))
            return Flow.Stop(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>CALL r/m64.</summary>
internal static unsafe class CallIndirect<TSrc, TPath, TProbe>
    where TSrc : struct, IOperand where TPath : struct, IPath where TProbe : struct, IProbe
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        ulong from = TSrc.Address(lp, op);
        if (TSrc.CannotRead<ulong>(lp, op, from))
        {
            if (TSrc.IsCareful)
                return Flow.Fault(lp, op);
            return op->Careful(lp, op);
        }
        ulong to = lp->Gpr[4] - 8;
        if (!TPath.IsCareful && TPath.CannotWrite<ulong>(lp, op, to))
            return op->Careful(lp, op);
        ulong rip = TSrc.Read<ulong>(lp, op, from);
        if (!Flow.IsCanonical(lp, rip))
            return Flow.NotCanonical(lp, op);
        if (TPath.IsCareful && TPath.CannotWrite<ulong>(lp, op, to))
            return Flow.Fault(lp, op);
        TPath.Write(lp, to, op->NextRip);
        lp->Gpr[4] = to;
        TProbe.Branched(lp, BranchKind.IndirectCall, taken: true, op->NextRip, rip);
        JumpEntry* entry = Flow.JumpSlot(lp, rip);
        if (TPath.IsCareful || entry->Rip != rip || entry->Space != lp->CodeSpace)
        {
            lp->Scratch = rip;
            return Flow.JumpTo(lp, op);
        }
        op = entry->Head;
        if (Flow.MustStop<TProbe>(lp, op))
            return Flow.Stop(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>Counts RCX down and decides: LOOP, LOOPE, LOOPNE, JRCXZ.</summary>
internal static unsafe class LoopJump<TLoop, TProbe>
    where TLoop : struct, ILoop where TProbe : struct, IProbe
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        if (TLoop.Taken(lp))
        {
            TProbe.Branched(lp, BranchKind.Conditional, taken: true, op->NextRip, 0);
            if (op->Link == null)
                return Flow.Taken(lp, op);
            op = op->Link;
        }
        else
        {
            TProbe.Branched(lp, BranchKind.Conditional, taken: false, op->NextRip, 0);
            if (op->LinkNext == null)
                return Flow.NotTaken(lp, op);
            op = op->LinkNext;
        }
        if (Flow.MustStop<TProbe>(lp, op))
            return Flow.Stop(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

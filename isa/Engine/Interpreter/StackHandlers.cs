using System.Runtime.CompilerServices;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine.Interpreter;

// The stack in 64-bit code: 8-byte slots, no segment base. Other sizes and modes are system ops.

/// <summary>PUSH.</summary>
internal static unsafe class Push<TSrc, TPath>
    where TSrc : struct, IOperand where TPath : struct, IPath
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
        if (TPath.CannotWrite<ulong>(lp, op, to))
        {
            if (TPath.IsCareful)
                return Flow.Fault(lp, op);
            return op->Careful(lp, op);
        }
        TPath.Write(lp, to, TSrc.Read<ulong>(lp, op, from));
        lp->Gpr[4] = to;
        if (TPath.IsCareful)
            return Flow.CarefulNext(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>POP to a register; POP RSP ends with the value popped.</summary>
internal static unsafe class Pop<TPath>
    where TPath : struct, IPath
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        ulong from = lp->Gpr[4];
        if (TPath.CannotRead<ulong>(lp, op, from))
        {
            if (TPath.IsCareful)
                return Flow.Fault(lp, op);
            return op->Careful(lp, op);
        }
        ulong value = TPath.Read<ulong>(lp, from);
        lp->Gpr[4] = from + 8;
        *(ulong*)((byte*)lp + op->Dst) = value;
        if (TPath.IsCareful)
            return Flow.CarefulNext(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>LEAVE.</summary>
internal static unsafe class LeaveFrame<TPath>
    where TPath : struct, IPath
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        ulong from = lp->Gpr[5];
        if (TPath.CannotRead<ulong>(lp, op, from))
        {
            if (TPath.IsCareful)
                return Flow.Fault(lp, op);
            return op->Careful(lp, op);
        }
        lp->Gpr[5] = TPath.Read<ulong>(lp, from);
        lp->Gpr[4] = from + 8;
        if (TPath.IsCareful)
            return Flow.CarefulNext(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>CALL rel32.</summary>
internal static unsafe class CallDirect<TPath, TProbe>
    where TPath : struct, IPath where TProbe : struct, IProbe
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        ulong to = lp->Gpr[4] - 8;
        if (TPath.CannotWrite<ulong>(lp, op, to))
        {
            if (TPath.IsCareful)
                return Flow.Fault(lp, op);
            return op->Careful(lp, op);
        }
        TPath.Write(lp, to, op->NextRip);
        lp->Gpr[4] = to;
        TProbe.Branched(lp, BranchKind.Call, taken: true, op->NextRip, 0);
        if (TPath.IsCareful || op->Link == null)
            return Flow.Taken(lp, op);
        op = op->Link;
        if (Flow.MustStop<TProbe>(lp, op))
            return Flow.Stop(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>RET and RET imm16.</summary>
internal static unsafe class Return<TPath, TProbe>
    where TPath : struct, IPath where TProbe : struct, IProbe
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        ulong from = lp->Gpr[4];
        if (TPath.CannotRead<ulong>(lp, op, from))
        {
            if (TPath.IsCareful)
                return Flow.Fault(lp, op);
            return op->Careful(lp, op);
        }
        ulong rip = TPath.Read<ulong>(lp, from);
        TProbe.Branched(lp, BranchKind.Return, taken: true, op->NextRip, rip);
        JumpEntry* entry = Flow.JumpSlot(lp, rip);
        if (TPath.IsCareful || entry->Rip != rip || entry->Space != lp->CodeSpace)
        {
            lp->Scratch = rip;
            return Flow.ReturnTo(lp, op);
        }
        lp->Gpr[4] = from + 8 + op->Imm;
        op = entry->Head;
        if (Flow.MustStop<TProbe>(lp, op))
            return Flow.Stop(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

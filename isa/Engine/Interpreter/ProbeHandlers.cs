using System.Runtime.CompilerServices;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine.Interpreter;

// Ops that stand for no instruction: the block builder puts them between the others when a probe stream is attached, so
// that the handlers of instructions need not know of it. They write to the stream through the LP struct and go on.

/// <summary>First op of a block: says that it is entered, and is the only one that looks whether there is room.</summary>
internal static unsafe class BlockMarker
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        ulong* at = lp->ProbeNext;
        if (at >= lp->ProbeLimit)
            return Renew(lp, op);
        *at = op->Imm;
        lp->ProbeNext = at + 1;
        op++;
        return op->Fn(lp, op);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Op* Renew(LogicalProcessor* lp, Op* op)
    {
        Core.Of(lp).Probe!.Renew();
        ulong* at = lp->ProbeNext;
        *at = op->Imm;
        lp->ProbeNext = at + 1;
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>Behind an instruction that writes a general register: its value.</summary>
internal static unsafe class RegisterMarker
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        ulong* at = lp->ProbeNext;
        at[0] = op->Imm;
        at[1] = *(ulong*)((byte*)lp + op->Src);
        lp->ProbeNext = at + 2;
        op++;
        return op->Fn(lp, op);
    }
}

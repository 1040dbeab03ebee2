using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Seamsim.Isa.Probes;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine.Interpreter;

// Ops that stand for no instruction: the block builder puts one of them in front of a block while an observer is
// attached, so that the handlers of instructions need not know. Imm: the word of the block; Disp: its cost, which is on
// the clock already.

/// <summary>Says that the block is entered, and when; looks whether there is room for all that the block may add.</summary>
internal static unsafe class BlockMarker
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        ProbeCursor* cursor = lp->Probe;
        ulong* at = cursor->Next;
        if (at >= cursor->Limit)
            return Renew(lp, op);
        *at = op->Imm | ((lp->Cycles - op->Disp) & ProbeWord.ClockMask);
        cursor->Next = at + 1;
        op++;
        return op->Fn(lp, op);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Op* Renew(LogicalProcessor* lp, Op* op)
    {
        Core core = Core.Of(lp);
        core.Probe!.Renew(core);
        return op->Fn(lp, op);
    }
}

/// <summary>As <see cref="BlockMarker"/>, with the general registers that have changed since the last time.</summary>
internal static unsafe class RegisterMarker
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        ProbeCursor* cursor = lp->Probe;
        ulong* at = cursor->Next;
        if (at >= cursor->Limit)
            return Renew(lp, op);
        at = Append(lp, at);
        *at = op->Imm | ((lp->Cycles - op->Disp) & ProbeWord.ClockMask);
        cursor->Next = at + 1;
        op++;
        return op->Fn(lp, op);
    }

    /// <summary>Appends the registers that differ from the ones appended last; returns where the next word goes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong* Append(LogicalProcessor* lp, ulong* at)
    {
        uint mask = Differing(lp, 0) | (Differing(lp, 4) << 4) | (Differing(lp, 8) << 8) | (Differing(lp, 12) << 12);
        if (mask == 0)
            return at;
        *at++ = ProbeWord.Changed(mask);
        for (uint left = mask; left != 0; left &= left - 1)
            *at++ = lp->Gpr[BitOperations.TrailingZeroCount(left)];
        return at;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Differing(LogicalProcessor* lp, int first)
    {
        Vector256<ulong> now = Vector256.Load(&lp->Gpr[first]), before = Vector256.Load(&lp->ProbedGpr[first]);
        now.Store(&lp->ProbedGpr[first]);
        return ~Vector256.Equals(now, before).ExtractMostSignificantBits() & 15;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Op* Renew(LogicalProcessor* lp, Op* op)
    {
        Core core = Core.Of(lp);
        core.Probe!.Renew(core);
        return op->Fn(lp, op);
    }
}

/// <summary>The marker of a block where a recording begins or ends: says so first. Careful: the marker proper.</summary>
internal static unsafe class WatchMarker
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        Core core = Core.Of(lp);
        core.Probe!.Reached(core);
        return op->Careful(lp, op);
    }
}

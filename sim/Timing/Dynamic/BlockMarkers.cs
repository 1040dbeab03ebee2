using System.Runtime.CompilerServices;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;

namespace Seamsim.Timing.Dynamic;

/// <summary>
/// Entering a block: works off what has gathered, fetches, and puts the block's cost on the clock.
/// </summary>
internal static unsafe class BlockMarkers
{
    private const int FractionBits = 8;

    /// <summary>The handler of the op in front of a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        TimingState* t = (TimingState*)lp->Timing;
        TimedBlock* block = (TimedBlock*)op;
        // one question: little queued, no branch that asks for more, in lines just fetched
        if ((Gathered(t) | t->Branch | (t->Epoch ^ block->Epoch)) != 0)
            return Unusual(lp, op);
        Account(lp, t, block);
        op++;
        return op->Fn(lp, op);
    }

    /// <summary>The same in every case.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Op* Unusual(LogicalProcessor* lp, Op* op)
    {
        Enter(lp, (TimedBlock*)op);
        op++;
        return op->Fn(lp, op);
    }

    /// <summary>What the handler does.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Enter(LogicalProcessor* lp, TimedBlock* block)
    {
        TimingState* t = (TimingState*)lp->Timing;
        if (Gathered(t) != 0)
            IntervalTiming.WorkOff(lp);
        if (t->Branch != 0)
            IntervalTiming.Redirect(lp);
        if (t->Epoch != block->Epoch)
            IntervalTiming.Fetch(lp, block);
        Account(lp, t, block);
    }

    /// <summary>Not zero when enough is queued to be worked off.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Gathered(TimingState* t) => ((ulong)t->Queue | (ulong)t->Wrong) & TimingState.EnoughMask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Account(LogicalProcessor* lp, TimingState* t, TimedBlock* block)
    {
        ulong before = *(ulong*)&t->Spent, after = before + *(ulong*)&block->Cost;
        t->Spent += block->Cost;
        lp->Cycles += (after >> FractionBits) - (before >> FractionBits);
    }
}

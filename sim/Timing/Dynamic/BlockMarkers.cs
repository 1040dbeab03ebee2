using System.Runtime.CompilerServices;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;

namespace Seamsim.Timing.Dynamic;

/// <summary>
/// Entering a block: works off the accesses of the block before, resolves the branch that led here, fetches, and puts
/// the block's cost on the clock.
/// </summary>
internal static unsafe class BlockMarkers
{
    private const int FractionBits = 8;
    private const ulong KindMask = 14, Conditional = (ulong)BranchKind.Conditional << 1;

    /// <summary>The handler of the op in front of a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        TimingState* t = (TimingState*)lp->Timing;
        TimedBlock* block = (TimedBlock*)op;
        ulong branch = t->Branch, next = branch >> IntervalProbe.BranchShift, taken = branch & 1;
        // one question: behind a conditional branch whose target is known, in lines just fetched, nothing queued
        ulong unusual = ((ulong)t->Queue ^ (ulong)t->QueueStart) | ((branch & KindMask) ^ Conditional)
            | ((t->Targets[next & t->TargetMask] ^ next) & (0 - taken)) | Missing(t, block->FirstLine)
            | Missing(t, block->LastLine) | block->MiddleLines;
        if (unusual != 0)
            return Unusual(lp, op);
        t->Branch = 0;
        Resolve(lp, t, next, (uint)taken);
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
        if (t->Queue != t->QueueStart)
            IntervalTiming.WorkOff(lp);
        ulong branch = t->Branch, next = branch >> IntervalProbe.BranchShift, taken = branch & 1;
        if ((branch & KindMask) == Conditional)
        {
            t->Branch = 0;
            uint wrong = Resolve(lp, t, next, (uint)taken);
            if (taken != 0 && t->Targets[next & t->TargetMask] != next)
                IntervalTiming.Redirect(lp, next, wrong == 0);
        }
        else if (branch != 0)
        {
            IntervalTiming.ResolveOther(lp, block->Rip);
        }
        if ((Missing(t, block->FirstLine) | Missing(t, block->LastLine) | block->MiddleLines) != 0)
            IntervalTiming.Fetch(lp, block);
        Account(lp, t, block);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Resolve(LogicalProcessor* lp, TimingState* t, ulong next, uint taken)
    {
        uint wrong = DirectionPredictor.Resolve(t, next, taken);
        t->Mispredictions += wrong;
        lp->Cycles += t->Misprediction & (0 - wrong);
        return wrong;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Account(LogicalProcessor* lp, TimingState* t, TimedBlock* block)
    {
        ulong before = *(ulong*)&t->Spent >> FractionBits;
        t->Spent += block->Cost;
        lp->Cycles += (*(ulong*)&t->Spent >> FractionBits) - before;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Missing(TimingState* t, ulong line) => t->Fetched[line & (TimingState.Slots - 1)] ^ line;
}

using System.Runtime.CompilerServices;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine.Interpreter;

/// <summary>
/// How control leaves an op. The inline way is always written out in the handler (the JIT turns only a call that
/// stands literally before the return into a jump); the rest is here, with the handlers' signature. What goes on with
/// another op must not be marked NoInlining: the runtime makes no jump of a call in a method that is.
/// </summary>
internal static unsafe class Flow
{
    /// <summary>Entries of the virtual jump cache.</summary>
    public const int JumpEntries = 4096;

    /// <summary>The jump-cache slot of a linear offset.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static JumpEntry* JumpSlot(LogicalProcessor* lp, ulong rip) =>
        lp->JumpCache + ((rip ^ (rip >> 12)) & (JumpEntries - 1));

    /// <summary>
    /// Whether the block may start: instructions are left in the grant and the clock is before its limit. Accounts
    /// the block when so.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool MustStop<TProbe>(LogicalProcessor* lp, Op* head) where TProbe : struct, IProbe
    {
        long left = lp->Budget - head->Left;
        ulong cycles = lp->Cycles;
        if (left < 0 || cycles >= lp->CycleLimit)
            return true;
        lp->Budget = left;
        if (!TProbe.IsClock)
            lp->Cycles = cycles + head->Imm;
        return false;
    }

    /// <summary>The same where it is not known whose blocks these are; those of a clock of its own cost nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool MustStop(LogicalProcessor* lp, Op* head) => MustStop<NoProbe>(lp, head);

    /// <summary>The grant or the time is used up at a block head.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Op* Stop(LogicalProcessor* lp, Op* head)
    {
        lp->Rip = head->NextRip;
        lp->End = ChainEnd.Lookup;
        lp->LinkSlot = null;
        return null;
    }

    /// <summary>The op faulted: RIP names it, and it and the rest of the block have not retired.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Op* Fault(LogicalProcessor* lp, Op* op)
    {
        lp->Rip = op->NextRip - op->Length;
        lp->Budget += op->Left;
        lp->Unretired = op->Left;
        lp->End = ChainEnd.Fault;
        return null;
    }

    /// <summary>Goes on after a careful op, unless its access asks to leave (code was written, an event came up).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* CarefulNext(LogicalProcessor* lp, Op* op)
    {
        if (lp->Leave == 0)
        {
            op++;
            return op->Fn(lp, op);
        }
        lp->Rip = op->NextRip;
        lp->Budget += op->Left - op->Count;
        lp->Unretired = op->Left - op->Count;
        lp->End = ChainEnd.Events;
        return null;
    }

    /// <summary>A branch whose target block is not linked: through the jump cache, or back to the run loop.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Taken(LogicalProcessor* lp, Op* op)
    {
        lp->LinkSlot = (op->Mode & OpMode.LinkTarget) != 0 ? &op->Link : null;
        lp->Rip = op->Target;
        return Follow(lp, op);
    }

    /// <summary>As <see cref="Taken"/> for the way behind a conditional branch, or past the end of a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* NotTaken(LogicalProcessor* lp, Op* op)
    {
        lp->LinkSlot = (op->Mode & OpMode.LinkNext) != 0 ? &op->LinkNext : null;
        lp->Rip = op->NextRip;
        return Follow(lp, op);
    }

    /// <summary>Goes on at <see cref="LogicalProcessor.Rip"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Follow(LogicalProcessor* lp, Op* op)
    {
        ulong rip = lp->Rip;
        JumpEntry* entry = JumpSlot(lp, rip);
        if (entry->Rip == rip && entry->Space == lp->CodeSpace && lp->Leave == 0 && lp->LinkSlot == null)
        {
            op = entry->Head;
            if (MustStop(lp, op))
                return Stop(lp, op);
            op++;
            return op->Fn(lp, op);
        }
        lp->End = lp->Leave == 0 ? ChainEnd.Lookup : ChainEnd.Events;
        return null;
    }

    /// <summary>An indirect jump to the address in <see cref="LogicalProcessor.Scratch"/>; never linked.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* JumpTo(LogicalProcessor* lp, Op* op)
    {
        if (!IsCanonical(lp, lp->Scratch))
            return NotCanonical(lp, op);
        lp->Rip = lp->Scratch;
        lp->LinkSlot = null;
        return Follow(lp, op);
    }

    /// <summary>RET to the address in <see cref="LogicalProcessor.Scratch"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* ReturnTo(LogicalProcessor* lp, Op* op)
    {
        if (!IsCanonical(lp, lp->Scratch))
            return NotCanonical(lp, op);
        lp->Gpr[4] += 8 + op->Imm;
        lp->Rip = lp->Scratch;
        lp->LinkSlot = null;
        return Follow(lp, op);
    }

    /// <summary>Whether an address is canonical for the linear-address width in force.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsCanonical(LogicalProcessor* lp, ulong address) =>
        (ulong)((long)(address << lp->CanonicalShift) >> lp->CanonicalShift) == address;

    /// <summary>#GP(0) of a branch to a non-canonical address.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Op* NotCanonical(LogicalProcessor* lp, Op* op)
    {
        Core.Of(lp).Raise(Vector.GP);
        return Fault(lp, op);
    }

    /// <summary>#DE.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Op* DivideError(LogicalProcessor* lp, Op* op)
    {
        Core.Of(lp).Raise(Vector.DE);
        return Fault(lp, op);
    }

    /// <summary>The first need of an op's careful version: finds it, keeps it, runs it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* FindCareful(LogicalProcessor* lp, Op* op)
    {
        Core.Of(lp).BindCareful(op);
        return op->Careful(lp, op);
    }
}

/// <summary>What <see cref="Op.Mode"/> holds.</summary>
internal static class OpMode
{
    /// <summary>Branches: the target, or the way behind, stays on the page and may be linked.</summary>
    public const uint LinkTarget = 1, LinkNext = 2;

    /// <summary>Memory operands: address size (0: 64, 1: 32, 2: 16 bits) and bytes accessed.</summary>
    public const int AddressSizeShift = 8, BytesShift = 16;
}

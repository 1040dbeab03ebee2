using System.Runtime.CompilerServices;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine.Interpreter;

/// <summary>An instruction that the run loop executes itself: RIP names it, and the op goes back with it.</summary>
internal static unsafe class SystemOp
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        lp->Rip = op->NextRip - op->Length;
        lp->End = ChainEnd.System;
        return op;
    }
}

/// <summary>Instruction fetch reached managed code.</summary>
internal static unsafe class ManagedOp
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        lp->Rip = op->NextRip;
        lp->End = ChainEnd.Managed;
        return op;
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Seamsim.Isa;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.Engine.Interpreter.Simd;
using Seamsim.Isa.Paging;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Probes;
using Seamsim.Isa.State;

namespace Seamsim.Tests.Isa.Engine;

/// <summary>
/// A chain that repeats one handler: before each op the registers, the operands in memory and the jump cache are put
/// back, so that the op can neither fault nor leave the chain and a branch leads to the next repetition.
/// </summary>
internal sealed unsafe class HandlerChain : IDisposable
{
    private const int Longest = 1000;

    // Divisor, memory operand, return address and branch target at once: not zero in any width.
    private const ulong Value = EngineRig.Code + 0x101;

    private const int ProbeWords = 1 << 16;

    private static readonly ushort Vector = VectorBinder.Offset(Iced.Intel.Register.XMM0);

    private static nint stackPointer;

    private readonly EngineRig rig = new();
    private readonly ulong* words = (ulong*)NativeMemory.Alloc(ProbeWords, sizeof(ulong));
    private readonly ProbeCursor* cursor = (ProbeCursor*)NativeMemory.Alloc((nuint)sizeof(ProbeCursor));
    private readonly Op* ops = (Op*)NativeMemory.AlignedAlloc((nuint)((2 * Longest + 1) * sizeof(Op)), 64);

    public HandlerChain()
    {
        // one read and one write each, so that both pages are in the TLB
        rig.Load(a =>
        {
            a.mov(Iced.Intel.AssemblerRegisters.rax, unchecked((long)EngineRig.Data));
            a.xadd(Iced.Intel.AssemblerRegisters.__[Iced.Intel.AssemblerRegisters.rax], Iced.Intel.AssemblerRegisters.rcx);
            a.push(Iced.Intel.AssemblerRegisters.rax);
            a.pop(Iced.Intel.AssemblerRegisters.rax);
            a.hlt();
        });
        rig.Run();
    }

    public Core Core => rig.Core;

    /// <summary>Stack address at the end of <paramref name="repetitions"/> of a handler; 0 when the chain was left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // its own frame must not change between two calls
    public nint StackAfter(in HandlerKey key, int repetitions) => StackAfter(key, repetitions, typeof(NoProbe));

    /// <summary>As above for the handlers of a probe, whose words go nowhere.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public nint StackAfter(in HandlerKey key, int repetitions, Type probe) =>
        StackAfter(HandlerTable.For(probe).Get(key.Pack()), repetitions);

    /// <summary>As above for a handler that has no key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public nint StackAfter(delegate*<LogicalProcessor*, Op*, Op*> handler, int repetitions)
    {
        *cursor = new ProbeCursor { Next = words, Limit = words + ProbeWords / 2 };
        rig.Lp->Probe = cursor;
        NativeMemory.Clear(ops, (nuint)((2 * repetitions + 1) * sizeof(Op)));
        for (int i = 0; i < repetitions; i++)
        {
            Op* prepare = ops + (2 * i), op = prepare + 1;
            prepare->Fn = &Prepare;
            *op = new Op
            {
                Fn = handler, Careful = &LeavesChain, Imm = 1, Dst = 2 * 8, Src = 1 * 8, Base = 6 * 8, Index = 7 * 8,
                VDst = Vector, VA = Vector, VB = Vector, VRm = Vector, Segment = 3, Link = op, LinkNext = op, NextRip = Value, Target = Value, Left = 1, Count = 1,
            };
        }
        ops[2 * repetitions].Fn = &EndOfChain;
        (rig.Lp->Budget, rig.Lp->CycleLimit, rig.Lp->Leave) = (long.MaxValue, ulong.MaxValue, 0);
        stackPointer = 0;
        ops->Fn(rig.Lp, ops);
        return stackPointer;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(ops);
        NativeMemory.Free(words);
        NativeMemory.Free(cursor);
        rig.Dispose();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Op* Prepare(LogicalProcessor* lp, Op* op)
    {
        SetOperands(lp, op + 1);
        op++;
        return op->Fn(lp, op);
    }

    private static void SetOperands(LogicalProcessor* lp, Op* op)
    {
        lp->Gpr[0] = 1;
        lp->Gpr[1] = Value;
        lp->Gpr[2] = lp->Gpr[7] = 0;
        lp->Gpr[4] = lp->Gpr[5] = EngineRig.Stack - 8;
        lp->Gpr[6] = EngineRig.Data;
        foreach (ulong at in (ReadOnlySpan<ulong>)[EngineRig.Data, EngineRig.Stack - 8])
            *(ulong*)(at + Tlb.Slot(lp, at)->Addend) = Value;
        JumpEntry* entry = Flow.JumpSlot(lp, Value);
        (entry->Rip, entry->Space) = (Value, lp->CodeSpace);
        entry->Head = op;
        lp->LinkSlot = null;
    }

    private static Op* LeavesChain(LogicalProcessor* lp, Op* op) => null;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // as above
    private static Op* EndOfChain(LogicalProcessor* lp, Op* op)
    {
        int here = 0;
        stackPointer = (nint)(&here);
        return null;
    }
}

using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using Seamsim.Isa.Semantics;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine.Interpreter;

/// <summary>dst = op(src, register): the VEX-encoded general instructions. Imm: byte offset of the register.</summary>
internal static unsafe class ThreeOperand<TOp, T, TSrc, TFlags>
    where TOp : struct, IBinaryOp where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    where TSrc : struct, IOperand where TFlags : struct, IFlagSink
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        ulong from = TSrc.Address(lp, op);
        if (TSrc.CannotRead<T>(lp, op, from))
        {
            if (TSrc.IsCareful)
                return Flow.Fault(lp, op);
            return op->Careful(lp, op);
        }
        T result = TOp.Apply<T, TFlags>(lp, TSrc.Read<T>(lp, op, from), *(T*)((byte*)lp + op->Imm));
        Reg<DstField>.Write(lp, op, (ulong)lp + op->Dst, result);
        if (TSrc.IsCareful)
            return Flow.CarefulNext(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>MOVBE: the bytes arrive the other way round.</summary>
internal static unsafe class MoveReversed<T, TDst, TSrc>
    where T : unmanaged where TDst : struct, IOperand where TSrc : struct, IOperand
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        ulong from = TSrc.Address(lp, op);
        if (TSrc.CannotRead<T>(lp, op, from))
        {
            if (TSrc.IsCareful)
                return Flow.Fault(lp, op);
            return op->Careful(lp, op);
        }
        ulong to = TDst.Address(lp, op);
        if (TDst.CannotWrite<T>(lp, op, to))
        {
            if (TDst.IsCareful)
                return Flow.Fault(lp, op);
            return op->Careful(lp, op);
        }
        ulong reversed = BinaryPrimitives.ReverseEndianness(Width.ZeroExtend(TSrc.Read<T>(lp, op, from)));
        TDst.Write(lp, op, to, Width.Truncate<T>(reversed >> (64 - Width.Bits<T>())));
        if (TDst.IsCareful || TSrc.IsCareful)
            return Flow.CarefulNext(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>MULX: high half to dst, low half to the register at byte offset Imm; equal registers get the high half.</summary>
internal static unsafe class MultiplyExtended<T, TSrc>
    where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TSrc : struct, IOperand
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        ulong from = TSrc.Address(lp, op);
        if (TSrc.CannotRead<T>(lp, op, from))
        {
            if (TSrc.IsCareful)
                return Flow.Fault(lp, op);
            return op->Careful(lp, op);
        }
        ulong a = Width.ZeroExtend(Width.Truncate<T>(lp->Gpr[2])), b = Width.ZeroExtend(TSrc.Read<T>(lp, op, from));
        ulong low = a * b;
        ulong high = sizeof(T) == 8 ? Int128Math.MultiplyHighUnsigned(a, b) : low >> 32;
        *(ulong*)((byte*)lp + op->Imm) = Width.ZeroExtend(Width.Truncate<T>(low));
        *(ulong*)((byte*)lp + op->Dst) = high;
        if (TSrc.IsCareful)
            return Flow.CarefulNext(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

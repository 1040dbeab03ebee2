using System.Numerics;
using System.Runtime.CompilerServices;
using Seamsim.Isa.Semantics;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine.Interpreter;

// Every handler is one specialised body per set of type arguments, found by reflection through its method Run. The
// three ways out (careful version, fault, next op) are written out in each, see Flow.

/// <summary>dst = op(dst, src).</summary>
internal static unsafe class Alu<TOp, T, TDst, TSrc, TFlags>
    where TOp : struct, IBinaryOp where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    where TDst : struct, IOperand where TSrc : struct, IOperand where TFlags : struct, IFlagSink
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        ulong to = TDst.Address(lp, op);
        if (TDst.CannotUpdate<T>(lp, op, to))
        {
            if (TDst.IsCareful)
                return Flow.Fault(lp, op);
            return op->Careful(lp, op);
        }
        ulong from = TSrc.Address(lp, op);
        if (TSrc.CannotRead<T>(lp, op, from))
        {
            if (TSrc.IsCareful)
                return Flow.Fault(lp, op);
            return op->Careful(lp, op);
        }
        T result = TOp.Apply<T, TFlags>(lp, TDst.Read<T>(lp, op, to), TSrc.Read<T>(lp, op, from));
        TDst.Write(lp, op, to, result);
        if (TDst.IsCareful || TSrc.IsCareful)
            return Flow.CarefulNext(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>Flags of op(dst, src).</summary>
internal static unsafe class Compare<TOp, T, TDst, TSrc, TFlags>
    where TOp : struct, ICompareOp where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    where TDst : struct, IOperand where TSrc : struct, IOperand where TFlags : struct, IFlagSink
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
        ulong from = TSrc.Address(lp, op);
        if (TSrc.CannotRead<T>(lp, op, from))
        {
            if (TSrc.IsCareful)
                return Flow.Fault(lp, op);
            return op->Careful(lp, op);
        }
        TOp.Apply<T, TFlags>(lp, TDst.Read<T>(lp, op, to), TSrc.Read<T>(lp, op, from));
        if (TDst.IsCareful || TSrc.IsCareful)
            return Flow.CarefulNext(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>dst = op(dst).</summary>
internal static unsafe class Unary<TOp, T, TDst, TFlags>
    where TOp : struct, IUnaryOp where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    where TDst : struct, IOperand where TFlags : struct, IFlagSink
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        ulong to = TDst.Address(lp, op);
        if (TDst.CannotUpdate<T>(lp, op, to))
        {
            if (TDst.IsCareful)
                return Flow.Fault(lp, op);
            return op->Careful(lp, op);
        }
        T result = TOp.Apply<T, TFlags>(lp, TDst.Read<T>(lp, op, to));
        TDst.Write(lp, op, to, result);
        if (TDst.IsCareful)
            return Flow.CarefulNext(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>dst = op(src, immediate): the three-operand IMUL.</summary>
internal static unsafe class AluImmediate<TOp, T, TSrc, TFlags>
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
        T result = TOp.Apply<T, TFlags>(lp, TSrc.Read<T>(lp, op, from), Width.Truncate<T>(op->Imm));
        Reg<DstField>.Write(lp, op, (ulong)lp + op->Dst, result);
        if (TSrc.IsCareful)
            return Flow.CarefulNext(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>dst = op(dst, register, count): SHLD and SHRD.</summary>
internal static unsafe class DoubleShift<TOp, T, TDst, TCount, TFlags>
    where TOp : struct, ITernaryOp where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    where TDst : struct, IOperand where TCount : struct, IOperand where TFlags : struct, IFlagSink
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        ulong to = TDst.Address(lp, op);
        if (TDst.CannotUpdate<T>(lp, op, to))
        {
            if (TDst.IsCareful)
                return Flow.Fault(lp, op);
            return op->Careful(lp, op);
        }
        T src = *(T*)((byte*)lp + op->Src);
        T result = TOp.Apply<T, TFlags>(lp, TDst.Read<T>(lp, op, to), src, TCount.Read<T>(lp, op, 0));
        TDst.Write(lp, op, to, result);
        if (TDst.IsCareful)
            return Flow.CarefulNext(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>MUL, IMUL, DIV, IDIV on the accumulators; may end in #DE.</summary>
internal static unsafe class Accumulate<TOp, T, TSrc, TFlags>
    where TOp : struct, IAccumulatorOp where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
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
        if (!TOp.Apply<T, TFlags>(lp, TSrc.Read<T>(lp, op, from)))
            return Flow.DivideError(lp, op);
        if (TSrc.IsCareful)
            return Flow.CarefulNext(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

using System.Numerics;
using System.Runtime.CompilerServices;
using Seamsim.Isa.Semantics;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine.Interpreter;

/// <summary>MOV.</summary>
internal static unsafe class Move<T, TDst, TSrc>
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
        TDst.Write(lp, op, to, TSrc.Read<T>(lp, op, from));
        if (TDst.IsCareful || TSrc.IsCareful)
            return Flow.CarefulNext(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>How a narrow value becomes a wide one.</summary>
internal interface IExtension
{
    static abstract ulong Extend<T>(T value) where T : unmanaged;
}

/// <summary>MOVZX.</summary>
internal readonly struct ZeroExtended : IExtension
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Extend<T>(T value) where T : unmanaged => Width.ZeroExtend(value);
}

/// <summary>MOVSX, MOVSXD.</summary>
internal readonly struct SignExtended : IExtension
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Extend<T>(T value) where T : unmanaged => Width.SignExtend(value);
}

/// <summary>MOVZX, MOVSX, MOVSXD.</summary>
internal static unsafe class MoveExtended<TExtension, TFrom, TTo, TSrc>
    where TExtension : struct, IExtension where TFrom : unmanaged where TTo : unmanaged where TSrc : struct, IOperand
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        ulong from = TSrc.Address(lp, op);
        if (TSrc.CannotRead<TFrom>(lp, op, from))
        {
            if (TSrc.IsCareful)
                return Flow.Fault(lp, op);
            return op->Careful(lp, op);
        }
        ulong wide = TExtension.Extend(TSrc.Read<TFrom>(lp, op, from));
        Reg<DstField>.Write(lp, op, (ulong)lp + op->Dst, Width.Truncate<TTo>(wide));
        if (TSrc.IsCareful)
            return Flow.CarefulNext(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>CRC32: into 32 bits, which a 64-bit destination zero-extends.</summary>
internal static unsafe class Checksum<TFrom, TSrc>
    where TFrom : unmanaged where TSrc : struct, IOperand
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        ulong from = TSrc.Address(lp, op);
        if (TSrc.CannotRead<TFrom>(lp, op, from))
        {
            if (TSrc.IsCareful)
                return Flow.Fault(lp, op);
            return op->Careful(lp, op);
        }
        uint sum = *(uint*)((byte*)lp + op->Dst);
        *(ulong*)((byte*)lp + op->Dst) = Crc32.Add(sum, TSrc.Read<TFrom>(lp, op, from));
        if (TSrc.IsCareful)
            return Flow.CarefulNext(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>LEA.</summary>
internal static unsafe class Lea<T, TAddress>
    where T : unmanaged where TAddress : struct, IAddress
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        Reg<DstField>.Write(lp, op, (ulong)lp + op->Dst, Width.Truncate<T>(TAddress.Of(lp, op)));
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>XCHG.</summary>
internal static unsafe class Exchange<T, TDst>
    where T : unmanaged where TDst : struct, IOperand
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
        T old = TDst.Read<T>(lp, op, to);
        TDst.Write(lp, op, to, *(T*)((byte*)lp + op->Src));
        Reg<SrcField>.Write(lp, op, (ulong)lp + op->Src, old);
        if (TDst.IsCareful)
            return Flow.CarefulNext(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>XADD.</summary>
internal static unsafe class ExchangeAdd<T, TDst>
    where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TDst : struct, IOperand
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
        T old = TDst.Read<T>(lp, op, to);
        T sum = Add.Apply<T, Flags>(lp, old, *(T*)((byte*)lp + op->Src));
        Reg<SrcField>.Write(lp, op, (ulong)lp + op->Src, old);
        TDst.Write(lp, op, to, sum);
        if (TDst.IsCareful)
            return Flow.CarefulNext(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>
/// CMPXCHG. Memory must be writable in either case; a register that does not compare equal stays as it is, upper half
/// included, as on real processors.
/// </summary>
internal static unsafe class CompareExchange<T, TDst>
    where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TDst : struct, IOperand
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
        T old = TDst.Read<T>(lp, op, to), expected = Width.Truncate<T>(lp->Gpr[0]);
        Cmp.Apply<T, Flags>(lp, expected, old);
        if (old == expected)
        {
            TDst.Write(lp, op, to, *(T*)((byte*)lp + op->Src));
        }
        else
        {
            Reg<DstField>.Write(lp, op, (ulong)lp, old);
        }
        if (TDst.IsCareful)
            return Flow.CarefulNext(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>CMOVcc. A memory source is read whatever the condition; a 32-bit destination is cleared above.</summary>
internal static unsafe class MoveIf<TCondition, T, TSrc>
    where TCondition : struct, ICondition where T : unmanaged where TSrc : struct, IOperand
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
        T value = TSrc.Read<T>(lp, op, from);
        if (!TCondition.Holds(lp))
            value = *(T*)((byte*)lp + op->Dst);
        Reg<DstField>.Write(lp, op, (ulong)lp + op->Dst, value);
        if (TSrc.IsCareful)
            return Flow.CarefulNext(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>SETcc.</summary>
internal static unsafe class SetIf<TCondition, TDst>
    where TCondition : struct, ICondition where TDst : struct, IOperand
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        ulong to = TDst.Address(lp, op);
        if (TDst.CannotWrite<byte>(lp, op, to))
        {
            if (TDst.IsCareful)
                return Flow.Fault(lp, op);
            return op->Careful(lp, op);
        }
        TDst.Write(lp, op, to, TCondition.Holds(lp) ? (byte)1 : (byte)0);
        if (TDst.IsCareful)
            return Flow.CarefulNext(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>An instruction on registers and flags without operands of its own: CWDE, CLC, LAHF…</summary>
internal static unsafe class Implicit<TOp>
    where TOp : struct, IImplicitOp
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        TOp.Apply(lp);
        op++;
        return op->Fn(lp, op);
    }
}

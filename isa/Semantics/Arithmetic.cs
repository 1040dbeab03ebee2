using System.Numerics;
using System.Runtime.CompilerServices;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

// SDM vol. 2. Each operation is named after its instruction.

internal readonly unsafe struct Add : IBinaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        T sum = dst + src;
        TFlags.Record(lp, FlagRule.Add, dst, src, sum);
        return sum;
    }
}

internal readonly unsafe struct Adc : IBinaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        T sum = dst + src + (LazyFlags.Carry(lp) ? T.One : T.Zero);
        TFlags.Record(lp, FlagRule.Add, dst, src, sum);
        return sum;
    }
}

internal readonly unsafe struct Sub : IBinaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        T difference = dst - src;
        TFlags.Record(lp, FlagRule.Sub, dst, src, difference);
        return difference;
    }
}

internal readonly unsafe struct Sbb : IBinaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        T difference = dst - src - (LazyFlags.Carry(lp) ? T.One : T.Zero);
        TFlags.Record(lp, FlagRule.Sub, dst, src, difference);
        return difference;
    }
}

internal readonly unsafe struct Cmp : ICompareOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink =>
        TFlags.Record(lp, FlagRule.Sub, dst, src, dst - src);
}

internal readonly unsafe struct Inc : IUnaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        T result = dst + T.One;
        if (TFlags.Wanted)
        {
            ulong flags = (LazyFlags.Carry(lp) ? RflagsBit.Cf : 0)
                | ((Width.ZeroExtend(result) & 0xF) == 0 ? RflagsBit.Af : 0)
                | (Width.IsNegative(result) && !Width.IsNegative(dst) ? RflagsBit.Of : 0);
            TFlags.Explicit(lp, flags, result);
        }
        return result;
    }
}

internal readonly unsafe struct Dec : IUnaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        T result = dst - T.One;
        if (TFlags.Wanted)
        {
            ulong flags = (LazyFlags.Carry(lp) ? RflagsBit.Cf : 0)
                | ((Width.ZeroExtend(dst) & 0xF) == 0 ? RflagsBit.Af : 0)
                | (!Width.IsNegative(result) && Width.IsNegative(dst) ? RflagsBit.Of : 0);
            TFlags.Explicit(lp, flags, result);
        }
        return result;
    }
}

internal readonly unsafe struct Neg : IUnaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        T result = T.Zero - dst;
        TFlags.Record(lp, FlagRule.Sub, T.Zero, dst, result);
        return result;
    }
}

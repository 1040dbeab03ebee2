using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

// SDM vol. 2. Each operation is named after its instruction; undefined flags are those of undefined-results.csv.

internal readonly unsafe struct And : IBinaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        T result = dst & src;
        TFlags.Logic(lp, result);
        return result;
    }
}

internal readonly unsafe struct Or : IBinaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        T result = dst | src;
        TFlags.Logic(lp, result);
        return result;
    }
}

internal readonly unsafe struct Xor : IBinaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        T result = dst ^ src;
        TFlags.Logic(lp, result);
        return result;
    }
}

internal readonly unsafe struct Test : ICompareOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink =>
        TFlags.Logic(lp, dst & src);
}

internal readonly unsafe struct Not : IUnaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink => ~dst;
}

/// <summary>BSWAP; the 16-bit form is undefined and clears the register as processors do.</summary>
internal readonly unsafe struct Bswap : IUnaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        ulong value = Width.ZeroExtend(dst);
        if (sizeof(T) == 8)
            return Width.Truncate<T>(BinaryPrimitives.ReverseEndianness(value));
        return sizeof(T) == 4
            ? Width.Truncate<T>(BinaryPrimitives.ReverseEndianness((uint)value))
            : T.Zero;
    }
}

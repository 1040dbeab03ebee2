using System.Numerics;
using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>dst = op(dst, src).</summary>
internal unsafe interface IBinaryOp
{
    static abstract T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TFlags : struct, IFlagSink;
}

/// <summary>Flags from two operands; nothing is stored.</summary>
internal unsafe interface ICompareOp
{
    static abstract void Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TFlags : struct, IFlagSink;
}

/// <summary>dst = op(dst).</summary>
internal unsafe interface IUnaryOp
{
    static abstract T Apply<T, TFlags>(LogicalProcessor* lp, T dst)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TFlags : struct, IFlagSink;
}

/// <summary>dst = op(dst, src, count): the double shifts.</summary>
internal unsafe interface ITernaryOp
{
    static abstract T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src, T count)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TFlags : struct, IFlagSink;
}

/// <summary>An operation on the implicit accumulators; false means #DE.</summary>
internal unsafe interface IAccumulatorOp
{
    static abstract bool Apply<T, TFlags>(LogicalProcessor* lp, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TFlags : struct, IFlagSink;
}

using System.Numerics;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

// SDM vol. 2, "BT", "BTS", "BTR", "BTC", "BSF", "BSR", "TZCNT", "LZCNT", "POPCNT". BT and its kin define CF only and
// leave ZF alone; what the manual leaves undefined is that of undefined-results.csv.

internal readonly unsafe struct Bt : ICompareOp
{
    public static void Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        ulong bit = Width.ZeroExtend(dst) >> ((int)Width.ZeroExtend(src) & (Width.Bits<T>() - 1)) & 1;
        LazyFlags.Update(lp, RflagsBit.Cf, bit);
    }
}

internal readonly unsafe struct Bts : IBinaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        Bt.Apply<T, TFlags>(lp, dst, src);
        return dst | (T.One << ((int)Width.ZeroExtend(src) & (Width.Bits<T>() - 1)));
    }
}

internal readonly unsafe struct Btr : IBinaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        Bt.Apply<T, TFlags>(lp, dst, src);
        return dst & ~(T.One << ((int)Width.ZeroExtend(src) & (Width.Bits<T>() - 1)));
    }
}

internal readonly unsafe struct Btc : IBinaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        Bt.Apply<T, TFlags>(lp, dst, src);
        return dst ^ (T.One << ((int)Width.ZeroExtend(src) & (Width.Bits<T>() - 1)));
    }
}

/// <summary>BSF; the destination of a zero source is undefined: here it keeps its value, cut to the operand size.</summary>
internal readonly unsafe struct Bsf : IBinaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        TFlags.Logic(lp, src);
        return src == T.Zero ? dst : T.TrailingZeroCount(src);
    }
}

/// <summary>BSR; a zero source as for BSF.</summary>
internal readonly unsafe struct Bsr : IBinaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        TFlags.Logic(lp, src);
        return src == T.Zero ? dst : Width.Truncate<T>((ulong)BitOperations.Log2(Width.ZeroExtend(src)));
    }
}

/// <summary>TZCNT: CF says that the source was zero, ZF that the result is.</summary>
internal readonly unsafe struct Tzcnt : IBinaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        T result = T.TrailingZeroCount(src);
        TFlags.Explicit(lp, src == T.Zero ? RflagsBit.Cf : 0, result);
        return result;
    }
}

/// <summary>LZCNT: CF says that the source was zero, ZF that the result is.</summary>
internal readonly unsafe struct Lzcnt : IBinaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        T result = T.LeadingZeroCount(src);
        TFlags.Explicit(lp, src == T.Zero ? RflagsBit.Cf : 0, result);
        return result;
    }
}

/// <summary>POPCNT: ZF from the source, every other flag 0.</summary>
internal readonly unsafe struct Popcnt : IBinaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        if (TFlags.Wanted)
            LazyFlags.Update(lp, RflagsBit.Arithmetic, src == T.Zero ? RflagsBit.Zf : 0);
        return T.PopCount(src);
    }
}

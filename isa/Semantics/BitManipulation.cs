using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

// BMI1, BMI2 and ADX. SDM vol. 2; each operation is named after its instruction. Of three operands, dst is the one that
// may be memory and src the register named beside it. Undefined flags are those of undefined-results.csv.

internal readonly unsafe struct Andn : IBinaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        T result = ~src & dst;
        TFlags.Logic(lp, result);
        return result;
    }
}

/// <summary>BEXTR: bits 7:0 of the control operand are the first bit, bits 15:8 the number of bits.</summary>
internal readonly unsafe struct Bextr : IBinaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        int start = (byte)Width.ZeroExtend(src), length = (byte)(Width.ZeroExtend(src) >> 8);
        ulong field = start < 64 ? Width.ZeroExtend(dst) >> start : 0;
        T result = Width.Truncate<T>(LowBits.Of(field, length));
        TFlags.Logic(lp, result);
        return result;
    }
}

internal readonly unsafe struct Bzhi : IBinaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        int index = (byte)Width.ZeroExtend(src);
        T result = Width.Truncate<T>(LowBits.Of(Width.ZeroExtend(dst), index));
        TFlags.Explicit(lp, index >= Width.Bits<T>() ? RflagsBit.Cf : 0, result);
        return result;
    }
}

internal static class LowBits
{
    /// <summary>The lowest <paramref name="count"/> bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Of(ulong value, int count) => count < 64 ? value & ((1UL << count) - 1) : value;
}

internal readonly unsafe struct Blsi : IBinaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        T result = (T.Zero - src) & src;
        TFlags.Explicit(lp, src != T.Zero ? RflagsBit.Cf : 0, result);
        return result;
    }
}

internal readonly unsafe struct Blsmsk : IBinaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        T result = (src - T.One) ^ src;
        TFlags.Explicit(lp, src == T.Zero ? RflagsBit.Cf : 0, result);
        return result;
    }
}

internal readonly unsafe struct Blsr : IBinaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        T result = (src - T.One) & src;
        TFlags.Explicit(lp, src == T.Zero ? RflagsBit.Cf : 0, result);
        return result;
    }
}

internal readonly unsafe struct Sarx : IBinaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink =>
        Width.Truncate<T>((ulong)((long)Width.SignExtend(dst) >> ShiftCount.Of(src)));
}

internal readonly unsafe struct Shlx : IBinaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink =>
        Width.Truncate<T>(Width.ZeroExtend(dst) << ShiftCount.Of(src));
}

internal readonly unsafe struct Shrx : IBinaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink =>
        Width.Truncate<T>(Width.ZeroExtend(dst) >> ShiftCount.Of(src));
}

internal readonly unsafe struct Rorx : IBinaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink =>
        T.RotateRight(dst, ShiftCount.Of(src));
}

internal readonly unsafe struct Pdep : IBinaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink =>
        Width.Truncate<T>(Deposit(Width.ZeroExtend(src), Width.ZeroExtend(dst)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Deposit(ulong value, ulong mask) =>
        Bmi2.X64.IsSupported ? Bmi2.X64.ParallelBitDeposit(value, mask) : Portable(value, mask);

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static ulong Portable(ulong value, ulong mask)
    {
        ulong result = 0;
        for (; mask != 0; mask &= mask - 1, value >>= 1)
            result |= (value & 1) << BitOperations.TrailingZeroCount(mask);
        return result;
    }
}

internal readonly unsafe struct Pext : IBinaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink =>
        Width.Truncate<T>(Extract(Width.ZeroExtend(src), Width.ZeroExtend(dst)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Extract(ulong value, ulong mask) =>
        Bmi2.X64.IsSupported ? Bmi2.X64.ParallelBitExtract(value, mask) : Portable(value, mask);

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static ulong Portable(ulong value, ulong mask)
    {
        ulong result = 0;
        for (int at = 0; mask != 0; mask &= mask - 1, at++)
            result |= (value >> BitOperations.TrailingZeroCount(mask) & 1) << at;
        return result;
    }
}

/// <summary>ADCX: an addition whose carry lives in CF and which leaves the other flags alone.</summary>
internal readonly unsafe struct Adcx : IBinaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        T sum = dst + src + (LazyFlags.Carry(lp) ? T.One : T.Zero);
        if (TFlags.Wanted)
            LazyFlags.Update(lp, RflagsBit.Cf, CarryChain.IsCarry(dst, src, sum) ? RflagsBit.Cf : 0);
        return sum;
    }
}

/// <summary>ADOX: as ADCX with OF.</summary>
internal readonly unsafe struct Adox : IBinaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        T sum = dst + src + (LazyFlags.Overflow(lp) ? T.One : T.Zero);
        if (TFlags.Wanted)
            LazyFlags.Update(lp, RflagsBit.Of, CarryChain.IsCarry(dst, src, sum) ? RflagsBit.Of : 0);
        return sum;
    }
}

internal static class CarryChain
{
    /// <summary>Whether a + b (+ 1) = sum carried out of the operand.</summary>
    public static bool IsCarry<T>(T a, T b, T sum) where T : unmanaged, IBinaryInteger<T> =>
        Width.IsNegative((a & b) | ((a | b) & ~sum));
}

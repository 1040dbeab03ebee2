using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

// SDM vol. 2, "MUL", "IMUL", "DIV", "IDIV". CF = OF says that the upper half is significant; The undefined flags
// are those of undefined-results.csv: SF, ZF and PF of the lower half; division leaves all alone.

/// <summary>IMUL with two or three operands.</summary>
internal readonly unsafe struct Imul : IBinaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        T result = dst * src;
        if (TFlags.Wanted)
            TFlags.Explicit(lp, Significant(dst, src, result) ? RflagsBit.Cf | RflagsBit.Of : 0, result);
        return result;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Significant<T>(T a, T b, T result) where T : unmanaged
    {
        if (sizeof(T) < 8)
            return (long)Width.SignExtend(a) * (long)Width.SignExtend(b) != (long)Width.SignExtend(result);
        long high = (long)Int128Math.MultiplyHigh(Width.SignExtend(a), Width.SignExtend(b));
        return high != (long)Width.SignExtend(result) >> 63;
    }
}

/// <summary>Upper halves of 64 × 64 products, without taking the address of anything.</summary>
internal static class Int128Math
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong MultiplyHigh(ulong a, ulong b) =>
        MultiplyHighUnsigned(a, b) - ((ulong)((long)a >> 63) & b) - ((ulong)((long)b >> 63) & a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong MultiplyHighUnsigned(ulong a, ulong b) =>
        Bmi2.X64.IsSupported ? Bmi2.X64.MultiplyNoFlags(a, b) : Portable(a, b);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong Portable(ulong a, ulong b) => Math.BigMul(a, b, out _);
}

/// <summary>The register pair AX, DX:AX, EDX:EAX or RDX:RAX.</summary>
internal static unsafe class Accumulators
{
    public static T Low<T>(LogicalProcessor* lp) where T : unmanaged => Width.Truncate<T>(lp->Gpr[0]);

    public static T High<T>(LogicalProcessor* lp) where T : unmanaged =>
        Width.Truncate<T>(sizeof(T) == 1 ? lp->Gpr[0] >> 8 : lp->Gpr[2]);

    public static void Set<T>(LogicalProcessor* lp, ulong low, ulong high) where T : unmanaged
    {
        if (sizeof(T) == 1)
            *(ushort*)lp = (ushort)((byte)low | (high << 8));
        else if (sizeof(T) == 2)
            (*(ushort*)lp, *(ushort*)&lp->Gpr[2]) = ((ushort)low, (ushort)high);
        else if (sizeof(T) == 4)
            (lp->Gpr[0], lp->Gpr[2]) = ((uint)low, (uint)high);
        else
            (lp->Gpr[0], lp->Gpr[2]) = (low, high);
    }
}

internal readonly unsafe struct Mul : IAccumulatorOp
{
    public static bool Apply<T, TFlags>(LogicalProcessor* lp, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        ulong a = Width.ZeroExtend(Accumulators.Low<T>(lp)), b = Width.ZeroExtend(src);
        ulong low = a * b;
        ulong high = sizeof(T) == 8 ? Int128Math.MultiplyHighUnsigned(a, b) : low >> Width.Bits<T>();
        Accumulators.Set<T>(lp, low, high);
        TFlags.Explicit(lp, high != 0 ? RflagsBit.Cf | RflagsBit.Of : 0, Width.Truncate<T>(low));
        return true;
    }
}

/// <summary>IMUL with one operand.</summary>
internal readonly unsafe struct ImulWide : IAccumulatorOp
{
    public static bool Apply<T, TFlags>(LogicalProcessor* lp, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        ulong a = Width.SignExtend(Accumulators.Low<T>(lp)), b = Width.SignExtend(src);
        ulong low = a * b;
        ulong high = sizeof(T) == 8 ? Int128Math.MultiplyHigh(a, b) : low >> Width.Bits<T>();
        Accumulators.Set<T>(lp, low, high);
        T result = Width.Truncate<T>(low);
        bool significant = Width.SignExtend(Width.Truncate<T>(high)) != (Width.IsNegative(result) ? ulong.MaxValue : 0);
        TFlags.Explicit(lp, significant ? RflagsBit.Cf | RflagsBit.Of : 0, result);
        return true;
    }
}

internal readonly unsafe struct Div : IAccumulatorOp
{
    public static bool Apply<T, TFlags>(LogicalProcessor* lp, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        ulong divisor = Width.ZeroExtend(src);
        ulong high = Width.ZeroExtend(Accumulators.High<T>(lp)), low = Width.ZeroExtend(Accumulators.Low<T>(lp));
        if (high >= divisor)
            return false; // the quotient does not fit, or the divisor is 0
        if (sizeof(T) < 8 || high == 0)
        {
            ulong dividend = sizeof(T) < 8 ? (high << Width.Bits<T>()) | low : low;
            Accumulators.Set<T>(lp, dividend / divisor, dividend % divisor);
            return true;
        }
        Wide(lp, divisor);
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)] // 128-bit locals would keep the handler from a tail call
    private static void Wide(LogicalProcessor* lp, ulong divisor)
    {
        UInt128 dividend = new(lp->Gpr[2], lp->Gpr[0]);
        lp->Gpr[0] = (ulong)(dividend / divisor);
        lp->Gpr[2] = (ulong)(dividend % divisor);
    }
}

internal readonly unsafe struct Idiv : IAccumulatorOp
{
    public static bool Apply<T, TFlags>(LogicalProcessor* lp, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        long divisor = (long)Width.SignExtend(src);
        if (sizeof(T) == 8)
            return Wide(lp, divisor);
        long dividend = (long)((Width.SignExtend(Accumulators.High<T>(lp)) << Width.Bits<T>())
            | Width.ZeroExtend(Accumulators.Low<T>(lp)));
        if (divisor == 0 || (divisor == -1 && dividend == long.MinValue))
            return false;
        long quotient = dividend / divisor;
        if ((long)Width.SignExtend(Width.Truncate<T>((ulong)quotient)) != quotient)
            return false;
        Accumulators.Set<T>(lp, (ulong)quotient, (ulong)(dividend % divisor));
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)] // 128-bit locals would keep the handler from a tail call
    private static bool Wide(LogicalProcessor* lp, long divisor)
    {
        Int128 dividend = new(lp->Gpr[2], lp->Gpr[0]);
        if (divisor == 0 || (divisor == -1 && dividend == Int128.MinValue))
            return false;
        Int128 quotient = dividend / divisor;
        if (quotient != (long)quotient)
            return false;
        lp->Gpr[0] = (ulong)(long)quotient;
        lp->Gpr[2] = (ulong)(long)(dividend % divisor);
        return true;
    }
}

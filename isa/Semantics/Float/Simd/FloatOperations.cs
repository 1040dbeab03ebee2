using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Seamsim.Isa.Semantics.Simd;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Float.Simd;

/// <summary>An operation with two operands, as .NET computes it and as the standard defines it.</summary>
internal interface IFloatBinary
{
    static abstract Vector128<T> Compute<T>(Vector128<T> a, Vector128<T> b);

    /// <summary>Lanes whose results may be small without having underflowed.</summary>
    static abstract Vector128<T> MayBeSmall<T>(Vector128<T> a, Vector128<T> b, Vector128<T> result);

    /// <summary>Lanes whose results are certainly exact.</summary>
    static abstract Vector128<T> IsExact<T>(Vector128<T> a, Vector128<T> b, Vector128<T> result);

    static abstract FloatValue Define(
        in FloatValue a, in FloatValue b, in FloatFormat format, ref FloatEnvironment env);
}

/// <summary>ADDPS and its kin: each element of the lane.</summary>
internal readonly unsafe struct PackedFloat<TOp, T> : IVectorOperation
    where TOp : struct, IFloatBinary where T : unmanaged
{
    public static bool RaisesExceptions => true;

    public static int ImmediateBitsPerLane => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(LogicalProcessor* lp, Vector128<byte> dst, Vector128<byte> a, Vector128<byte> b,
        Vector128<byte> rm, uint imm)
    {
        if (sizeof(T) > 2)
        {
            Vector128<T> x = a.As<byte, T>(), y = rm.As<byte, T>(), result = TOp.Compute(x, y);
            if (FastFloat.Applies(lp) && FloatBinary<TOp, T>.IsPlain(x, y, result))
                return result.AsByte();
        }
        return FloatBinary<TOp, T>.Packed(lp, a, rm);
    }
}

/// <summary>ADDSS and its kin: the first element; the others come from the first source.</summary>
internal readonly unsafe struct ScalarFloat<TOp, T> : IVectorOperation
    where TOp : struct, IFloatBinary where T : unmanaged
{
    public static bool RaisesExceptions => true;

    public static int ImmediateBitsPerLane => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(LogicalProcessor* lp, Vector128<byte> dst, Vector128<byte> a, Vector128<byte> b,
        Vector128<byte> rm, uint imm)
    {
        if (sizeof(T) > 2)
        {
            Vector128<T> x = FastFloat.Scalar<T>(a), y = FastFloat.Scalar<T>(rm), result = TOp.Compute(x, y);
            if (FastFloat.Applies(lp) && FloatBinary<TOp, T>.IsPlain(x, y, result))
                return a.As<byte, T>().WithElement(0, result.ToScalar()).AsByte();
        }
        return FloatBinary<TOp, T>.Scalar(lp, a, rm);
    }
}

/// <summary>What is not plain.</summary>
internal static unsafe class FloatBinary<TOp, T>
    where TOp : struct, IFloatBinary where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsPlain(Vector128<T> a, Vector128<T> b, Vector128<T> result) => FastFloat.All(
        FastFloat.IsOrdinary(a) & FastFloat.IsOrdinary(b)
        & FastFloat.IsInRange(result, TOp.MayBeSmall(a, b, result)));

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Vector128<byte> Packed(LogicalProcessor* lp, Vector128<byte> a, Vector128<byte> rm)
    {
        if (sizeof(T) > 2 && FastFloat.AppliesWhenExact(lp))
        {
            Vector128<T> x = a.As<byte, T>(), y = rm.As<byte, T>(), result = TOp.Compute(x, y);
            if (IsPlain(x, y, result) && FastFloat.All(TOp.IsExact(x, y, result)))
                return result.AsByte();
        }
        return Define(lp, a, rm, 16 / sizeof(T));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Vector128<byte> Scalar(LogicalProcessor* lp, Vector128<byte> a, Vector128<byte> rm)
    {
        if (sizeof(T) > 2 && FastFloat.AppliesWhenExact(lp))
        {
            Vector128<T> x = FastFloat.Scalar<T>(a), y = FastFloat.Scalar<T>(rm), result = TOp.Compute(x, y);
            if (IsPlain(x, y, result) && FastFloat.All(TOp.IsExact(x, y, result)))
                return a.As<byte, T>().WithElement(0, result.ToScalar()).AsByte();
        }
        return Define(lp, a, rm, 1);
    }

    private static Vector128<byte> Define(LogicalProcessor* lp, Vector128<byte> a, Vector128<byte> rm, int count)
    {
        FloatEnvironment env = FloatType<T>.Environment(lp);
        Vector128<byte> result = a;
        for (int i = 0; i < count; i++)
        {
            FloatValue x = FloatType<T>.Unpack((byte*)&a, i, env), y = FloatType<T>.Unpack((byte*)&rm, i, env);
            FloatType<T>.Pack((byte*)&result, i, TOp.Define(x, y, FloatType<T>.Format, ref env));
        }
        lp->SimdRaised |= (uint)env.Raised;
        return result;
    }
}

/// <summary>An operation computed element by element from packed numbers, without a faster way.</summary>
internal interface IFloatElement
{
    static abstract ulong Define(
        ulong dst, ulong a, ulong rm, uint imm, in FloatFormat format, ref FloatEnvironment env);
}

/// <summary>Each element of a lane.</summary>
internal readonly unsafe struct PackedElements<TOp, T> : IVectorOperation
    where TOp : struct, IFloatElement where T : unmanaged
{
    public static bool RaisesExceptions => true;

    public static int ImmediateBitsPerLane => 0;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Vector128<byte> Apply(LogicalProcessor* lp, Vector128<byte> dst, Vector128<byte> a, Vector128<byte> b,
        Vector128<byte> rm, uint imm) => FloatElements<TOp, T>.Define(lp, dst, a, rm, imm, a, 16 / sizeof(T));
}

/// <summary>The first element; the others come from the first source.</summary>
internal readonly unsafe struct ScalarElement<TOp, T> : IVectorOperation
    where TOp : struct, IFloatElement where T : unmanaged
{
    public static bool RaisesExceptions => true;

    public static int ImmediateBitsPerLane => 0;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Vector128<byte> Apply(LogicalProcessor* lp, Vector128<byte> dst, Vector128<byte> a, Vector128<byte> b,
        Vector128<byte> rm, uint imm) => FloatElements<TOp, T>.Define(lp, dst, a, rm, imm, a, 1);
}

internal static unsafe class FloatElements<TOp, T>
    where TOp : struct, IFloatElement where T : unmanaged
{
    /// <summary>Replaces the first <paramref name="count"/> elements of <paramref name="result"/>.</summary>
    public static Vector128<byte> Define(LogicalProcessor* lp, Vector128<byte> dst, Vector128<byte> a,
        Vector128<byte> rm,
        uint imm, Vector128<byte> result, int count)
    {
        FloatEnvironment env = FloatType<T>.Environment(lp);
        for (int i = 0; i < count; i++)
        {
            ulong d = FloatType<T>.Read((byte*)&dst, i), x = FloatType<T>.Read((byte*)&a, i);
            ulong y = FloatType<T>.Read((byte*)&rm, i);
            FloatType<T>.Write((byte*)&result, i, TOp.Define(d, x, y, imm, FloatType<T>.Format, ref env));
        }
        lp->SimdRaised |= (uint)env.Raised;
        return result;
    }
}

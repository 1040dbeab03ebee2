using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Seamsim.Isa.Semantics.Float.Simd;

/// <summary>ADDPS, ADDPD, ADDSS, ADDSD. A sum never underflows to zero.</summary>
internal readonly struct AddFloat : IFloatBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Compute<T>(Vector128<T> a, Vector128<T> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> MayBeSmall<T>(Vector128<T> a, Vector128<T> b, Vector128<T> result) =>
        FastFloat.IsZero(result);

    public static Vector128<T> IsExact<T>(Vector128<T> a, Vector128<T> b, Vector128<T> result) =>
        FastFloat.IsExactSum(a, b, result);

    public static FloatValue Define(in FloatValue a, in FloatValue b, in FloatFormat format,
        ref FloatEnvironment env) =>
        FloatArithmetic.Add(a, b, format, ref env);
}

/// <summary>SUBPS, SUBPD, SUBSS, SUBSD.</summary>
internal readonly struct SubtractFloat : IFloatBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Compute<T>(Vector128<T> a, Vector128<T> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> MayBeSmall<T>(Vector128<T> a, Vector128<T> b, Vector128<T> result) =>
        FastFloat.IsZero(result);

    public static Vector128<T> IsExact<T>(Vector128<T> a, Vector128<T> b, Vector128<T> result) =>
        FastFloat.IsExactSum(a, FastFloat.Negate(b), result);

    public static FloatValue Define(in FloatValue a, in FloatValue b, in FloatFormat format,
        ref FloatEnvironment env) =>
        FloatArithmetic.Subtract(a, b, format, ref env);
}

/// <summary>MULPS, MULPD, MULSS, MULSD.</summary>
internal readonly struct MultiplyFloat : IFloatBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Compute<T>(Vector128<T> a, Vector128<T> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> MayBeSmall<T>(Vector128<T> a, Vector128<T> b, Vector128<T> result) =>
        FastFloat.IsZero(a) | FastFloat.IsZero(b);

    public static Vector128<T> IsExact<T>(Vector128<T> a, Vector128<T> b, Vector128<T> result) =>
        FastFloat.IsExactProduct(a, b, result);

    public static FloatValue Define(in FloatValue a, in FloatValue b, in FloatFormat format,
        ref FloatEnvironment env) =>
        FloatArithmetic.Multiply(a, b, format, ref env);
}

/// <summary>DIVPS, DIVPD, DIVSS, DIVSD.</summary>
internal readonly struct DivideFloat : IFloatBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Compute<T>(Vector128<T> a, Vector128<T> b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> MayBeSmall<T>(Vector128<T> a, Vector128<T> b, Vector128<T> result) =>
        FastFloat.IsZero(a);

    public static Vector128<T> IsExact<T>(Vector128<T> a, Vector128<T> b, Vector128<T> result) =>
        FastFloat.IsZero(FastFloat.MultiplyAdd(result, b, FastFloat.Negate(a)))
        & (FastFloat.HasRoomBelow(a) | FastFloat.IsZero(a));

    public static FloatValue Define(in FloatValue a, in FloatValue b, in FloatFormat format,
        ref FloatEnvironment env) =>
        FloatArithmetic.Divide(a, b, format, ref env);
}

/// <summary>SQRTPS, SQRTPD, SQRTSS, SQRTSD: of the second operand.</summary>
internal readonly struct SquareRootFloat : IFloatBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Compute<T>(Vector128<T> a, Vector128<T> b) => Vector128.Sqrt(b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> MayBeSmall<T>(Vector128<T> a, Vector128<T> b, Vector128<T> result) =>
        FastFloat.IsZero(b);

    public static Vector128<T> IsExact<T>(Vector128<T> a, Vector128<T> b, Vector128<T> result) =>
        FastFloat.IsZero(FastFloat.MultiplyAdd(result, result, FastFloat.Negate(b)))
        & (FastFloat.HasRoomBelow(b) | FastFloat.IsZero(b));

    public static FloatValue Define(in FloatValue a, in FloatValue b, in FloatFormat format,
        ref FloatEnvironment env) =>
        FloatArithmetic.SquareRoot(b, format, ref env);
}

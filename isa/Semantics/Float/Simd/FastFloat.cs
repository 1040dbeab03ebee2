using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Float.Simd;

/// <summary>
/// When the arithmetic of .NET gives the very bits and flags of the processor: round to nearest, every exception
/// masked, operands and results normal (or zero where that is exact), and PE set already or the result known to be
/// exact.
/// </summary>
internal static unsafe class FastFloat
{
    private const uint Rounding = 3u << 13, Masks = 0x3Fu << 7, Precision = 1u << 5;

    /// <summary>Whether only results have to be looked at.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Applies(LogicalProcessor* lp) =>
        (lp->Mxcsr & (Rounding | Masks | Precision)) == (Masks | Precision);

    /// <summary>As <see cref="Applies"/>, but for PE: results have to be exact too.</summary>
    public static bool AppliesWhenExact(LogicalProcessor* lp) => (lp->Mxcsr & (Rounding | Masks)) == Masks;

    /// <summary>Lanes that are normal, zero, infinite or NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> IsNotDenormal<T>(Vector128<T> x) =>
        Vector128.GreaterThanOrEqual(Vector128.Abs(x), SmallestNormal<T>()) | IsZero(x) | ~Vector128.Equals(x, x);

    /// <summary>Lanes that are normal or zero, or infinite.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> IsOrdinary<T>(Vector128<T> x) =>
        Vector128.GreaterThanOrEqual(Vector128.Abs(x), SmallestNormal<T>()) | IsZero(x);

    /// <summary>Lanes whose result is finite, and either exempt or above the smallest normal number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> IsInRange<T>(Vector128<T> result, Vector128<T> exempt)
    {
        Vector128<T> magnitude = Vector128.Abs(result);
        return (Vector128.GreaterThan(magnitude, SmallestNormal<T>()) | exempt)
            & Vector128.LessThanOrEqual(magnitude, Largest<T>());
    }

    /// <summary>Lanes far enough from underflow that the rounding error of an operation is a number itself.</summary>
    public static Vector128<T> HasRoomBelow<T>(Vector128<T> x) =>
        Vector128.GreaterThan(Vector128.Abs(x), SmallestWithRoom<T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> IsZero<T>(Vector128<T> x) => Vector128.Equals(x, Vector128<T>.Zero);

    /// <summary>Whether all lanes of a comparison hold.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool All<T>(Vector128<T> mask) => mask.AsUInt64() == Vector128<ulong>.AllBitsSet;

    /// <summary>x · y + z with one rounding.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> MultiplyAdd<T>(Vector128<T> x, Vector128<T> y, Vector128<T> z)
    {
        if (typeof(T) == typeof(float))
        {
            return Fma.IsSupported
                ? Fma.MultiplyAdd(x.AsSingle(), y.AsSingle(), z.AsSingle()).As<float, T>()
                : Vector128.FusedMultiplyAdd(x.AsSingle(), y.AsSingle(), z.AsSingle()).As<float, T>();
        }
        return Fma.IsSupported
            ? Fma.MultiplyAdd(x.AsDouble(), y.AsDouble(), z.AsDouble()).As<double, T>()
            : Vector128.FusedMultiplyAdd(x.AsDouble(), y.AsDouble(), z.AsDouble()).As<double, T>();
    }

    /// <summary>The other sign, zeros and NaNs included.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Negate<T>(Vector128<T> x) => x ^ (typeof(T) == typeof(float)
        ? Vector128.Create(-0f).As<float, T>()
        : Vector128.Create(-0d).As<double, T>());

    /// <summary>Lanes in which a + b = sum without rounding (Knuth's error of a sum is zero).</summary>
    public static Vector128<T> IsExactSum<T>(Vector128<T> a, Vector128<T> b, Vector128<T> sum)
    {
        Vector128<T> part = sum - a;
        return IsZero((a - (sum - part)) + (b - part));
    }

    /// <summary>Lanes in which a · b = product without rounding.</summary>
    public static Vector128<T> IsExactProduct<T>(Vector128<T> a, Vector128<T> b, Vector128<T> product) =>
        IsZero(MultiplyAdd(a, b, Negate(product))) & (HasRoomBelow(product) | IsZero(a) | IsZero(b));

    /// <summary>The first element, and ones: nothing happens to a one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Scalar<T>(Vector128<byte> x) =>
        Vector128<T>.One.WithElement(0, x.As<byte, T>().ToScalar());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<T> SmallestNormal<T>() => typeof(T) == typeof(float)
        ? Vector128.Create(1.17549435e-38f).As<float, T>()
        : Vector128.Create(2.2250738585072014e-308).As<double, T>();

    private static Vector128<T> SmallestWithRoom<T>() => typeof(T) == typeof(float)
        ? Vector128.Create(1e-30f).As<float, T>()
        : Vector128.Create(1e-291).As<double, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<T> Largest<T>() => typeof(T) == typeof(float)
        ? Vector128.Create(float.MaxValue).As<float, T>()
        : Vector128.Create(double.MaxValue).As<double, T>();
}

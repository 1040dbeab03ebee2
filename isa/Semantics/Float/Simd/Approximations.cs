using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Seamsim.Isa.Semantics.Simd;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Float.Simd;

/// <summary>An approximation of single precision.</summary>
internal interface IApproximation
{
    static abstract ulong Of(ulong bits);
}

/// <summary>Each element, no exceptions.</summary>
internal readonly unsafe struct PackedApproximation<TOp> : IUnary
    where TOp : struct, IApproximation
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Vector128<byte> Apply(Vector128<byte> rm, uint imm)
    {
        for (int i = 0; i < 4; i++)
            FloatType<float>.Write((byte*)&rm, i, TOp.Of(FloatType<float>.Read((byte*)&rm, i)));
        return rm;
    }
}

/// <summary>The first element; the others come from the first source.</summary>
internal readonly unsafe struct ScalarApproximation<TOp> : IBinary
    where TOp : struct, IApproximation
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        a.AsUInt32().WithElement(0, (uint)TOp.Of(rm.AsUInt32().ToScalar())).AsByte();
}

/// <summary>
/// RCPPS, RCPSS. The manual bounds the relative error by 1.5 · 2^-12 and leaves the bits to the processor; here they
/// are the reciprocal of the middle of the operand's 2^-12 interval, rounded to 12 bits behind the point: an error
/// below 2^-12. Denormal operands count as zeros, and results below the normal range become zero. SDM vol. 2B, "RCPPS".
/// </summary>
internal readonly struct Reciprocal : IApproximation
{
    public static ulong Of(ulong bits)
    {
        FloatFormat format = FloatFormat.Binary32;
        FloatValue value = format.Unpack(bits, denormalsAreZeros: true);
        if (value.IsNaN)
            return format.Pack(value.Quieted);
        if (value.IsZero || value.IsInfinity)
            return format.Pack(value.IsZero ? FloatValue.Infinity(value.Negative) : FloatValue.Zero(value.Negative));
        ulong middle = ApproximationInterval.Middle(value.Significand);              // [2^13, 2^14), odd
        ulong quotient = ((1UL << 26) + (middle >> 1)) / middle;                      // 2^13 / (middle / 2^13), 13 bits
        FloatValue result = FloatValue.FromMagnitude(value.Negative, quotient);
        result = result with { Exponent = result.Exponent - 13 - value.Exponent };
        return format.Pack(result.Exponent < format.MinExponent ? FloatValue.Zero(value.Negative) : result);
    }
}

/// <summary>
/// RSQRTPS, RSQRTSS: the same for the reciprocal of the square root; negative operands yield the indefinite. SDM vol.
/// 2B, "RSQRTPS".
/// </summary>
internal readonly struct ReciprocalSquareRoot : IApproximation
{
    public static ulong Of(ulong bits)
    {
        FloatFormat format = FloatFormat.Binary32;
        FloatValue value = format.Unpack(bits, denormalsAreZeros: true);
        if (value.IsNaN)
            return format.Pack(value.Quieted);
        if (value.IsZero)
            return format.Pack(FloatValue.Infinity(value.Negative));
        if (value.Negative)
            return format.Pack(FloatValue.Indefinite);
        if (value.IsInfinity)
            return format.Pack(FloatValue.Zero(false));
        bool odd = (value.Exponent & 1) != 0;
        ulong middle = ApproximationInterval.Middle(value.Significand) << (odd ? 1 : 0); // in units of 2^-13, [1, 4)
        FloatEnvironment env = FloatEnvironment.Quiet;
        FloatFormat twelve = format with { Precision = 13 };
        FloatValue radicand = FloatValue.FromMagnitude(false, middle);
        FloatValue root = FloatArithmetic.SquareRoot(
            radicand with { Exponent = radicand.Exponent - 13 }, FloatFormat.Binary64, ref env);
        FloatValue result = FloatArithmetic.Divide(FloatValue.FromMagnitude(false, 1), root, twelve, ref env);
        return format.Pack(result with { Exponent = result.Exponent - (value.Exponent - (odd ? 1 : 0)) / 2 });
    }
}

/// <summary>The interval of an operand that shares an approximation.</summary>
internal static class ApproximationInterval
{
    /// <summary>
    /// Its middle: the first 12 bits behind the integer bit, and half of the next one; scaled by 2^13.
    /// </summary>
    public static ulong Middle(ulong significand) => significand >> 51 << 1 | 1;
}

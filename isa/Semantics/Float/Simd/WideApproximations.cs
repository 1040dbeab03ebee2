namespace Seamsim.Isa.Semantics.Float.Simd;

/// <summary>
/// VRCP14PS, VRSQRT14PS and their kin. The manual bounds the relative error by 2^-14; here an operand is replaced by
/// the middle of its 2^-15 interval and the result rounded to 16 bits: an error below 2^-15. DAZ and FTZ apply, nothing
/// is reported. VRCPPH and VRSQRTPH (2^-11 + 2^-14): correctly rounded. SDM vol. 2C.
/// </summary>
internal static class WideApproximation
{
    private const int IntervalBits = 15;

    /// <summary>Stands for all significands that share its first bits; half precision stands for itself.</summary>
    public static FloatValue Middle(in FloatValue value, in FloatFormat format) => format.Precision <= IntervalBits
        ? value
        : value with { Significand = (value.Significand >> (63 - IntervalBits) << 1 | 1) << (62 - IntervalBits) };

    /// <summary>One rounding to 16 bits or the format's own, and one more where the result is denormal.</summary>
    public static FloatValue Finish(in FloatValue result, in FloatFormat format, in FloatEnvironment env)
    {
        FloatEnvironment quiet = FloatEnvironment.Quiet;
        quiet.Ftz = env.Ftz;
        return FloatArithmetic.Rounded(result, format, ref quiet);
    }

    /// <summary>Wide exponents and at most 16 bits.</summary>
    public static FloatFormat Target(in FloatFormat format) =>
        FloatFormat.Extended with { Precision = Math.Min(IntervalBits + 1, format.Precision) };
}

internal readonly struct Reciprocal14 : IFloatElement
{
    public static ulong Define(ulong dst, ulong a, ulong rm, uint imm, in FloatFormat format, ref FloatEnvironment env)
    {
        FloatValue value = format.Unpack(rm, env);
        if (value.IsNaN)
            return format.Pack(value.Quieted);
        if (!value.IsFinite)
            return format.Pack(value.IsZero ? FloatValue.Infinity(value.Negative) : FloatValue.Zero(value.Negative));
        FloatEnvironment quiet = FloatEnvironment.Quiet;
        FloatValue middle = WideApproximation.Middle(value, format);
        FloatValue result = FloatArithmetic.Divide(
            FloatValue.FromMagnitude(false, 1), middle, WideApproximation.Target(format), ref quiet);
        return format.Pack(WideApproximation.Finish(result, format, env));
    }
}

internal readonly struct ReciprocalSquareRoot14 : IFloatElement
{
    public static ulong Define(ulong dst, ulong a, ulong rm, uint imm, in FloatFormat format, ref FloatEnvironment env)
    {
        FloatValue value = format.Unpack(rm, env);
        if (value.IsNaN)
            return format.Pack(value.Quieted);
        if (value.IsZero)
            return format.Pack(FloatValue.Infinity(value.Negative));
        if (value.Negative)
            return format.Pack(FloatValue.Indefinite);
        if (value.IsInfinity)
            return format.Pack(FloatValue.Zero(false));
        FloatEnvironment quiet = FloatEnvironment.Quiet;
        FloatValue root = FloatArithmetic.SquareRoot(WideApproximation.Middle(value, format), FloatFormat.Extended,
            ref quiet);
        FloatValue result = FloatArithmetic.Divide(
            FloatValue.FromMagnitude(false, 1), root, WideApproximation.Target(format), ref quiet);
        return format.Pack(WideApproximation.Finish(result, format, env));
    }
}

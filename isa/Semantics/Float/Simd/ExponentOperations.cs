namespace Seamsim.Isa.Semantics.Float.Simd;

/// <summary>VGETEXPPS and its kin: floor(log2 |x|) as a number. SDM vol. 2C.</summary>
internal readonly struct GetExponent : IFloatElement
{
    public static ulong Define(ulong dst, ulong a, ulong rm, uint imm, in FloatFormat format, ref FloatEnvironment env)
    {
        FloatValue value = format.Unpack(rm, env);
        if (FloatNaN.Propagates(value, ref env, out FloatValue nan))
            return format.Pack(nan);
        FloatArithmetic.ReportDenormals(value, value, ref env);
        if (!value.IsFinite)
            return format.Pack(FloatValue.Infinity(value.IsZero));
        return format.Pack(FloatValue.FromMagnitude(value.Exponent < 0, (ulong)Math.Abs(value.Exponent)));
    }
}

/// <summary>
/// VGETMANTPS and its kin: the significand in an interval of imm[1:0], its sign by imm[3:2]. SDM vol. 2C.
/// </summary>
internal readonly struct GetMantissa : IFloatElement
{
    private const uint PositiveSign = 1, NegativeIsInvalid = 2;

    public static ulong Define(ulong dst, ulong a, ulong rm, uint imm, in FloatFormat format, ref FloatEnvironment env)
    {
        uint sign = imm >> 2 & 3;
        FloatValue value = format.Unpack(rm, env);
        if (FloatNaN.Propagates(value, ref env, out FloatValue nan))
            return format.Pack(nan);
        if (value.Negative && !value.IsZero && (sign & NegativeIsInvalid) != 0)
            return format.Pack(FloatNaN.Invalid(ref env));
        FloatArithmetic.ReportDenormals(value, value, ref env);
        bool negative = value.Negative && (sign & PositiveSign) == 0;
        return format.Pack(value.IsFinite
            ? FloatValue.Finite(negative, ExponentOf(value, imm & 3), value.Significand)
            : FloatValue.Finite(negative, 0, FloatValue.IntegerBit));
    }

    /// <summary>[1, 2), [1/2, 2), [1/2, 1) or [3/4, 3/2).</summary>
    private static int ExponentOf(in FloatValue value, uint interval) => interval switch
    {
        0 => 0,
        1 => (value.Exponent & 1) != 0 ? -1 : 0,
        2 => -1,
        _ => (value.Significand & FloatValue.QuietBit) != 0 ? -1 : 0,
    };
}

/// <summary>VSCALEFPS and its kin: a · 2^floor(b). SDM vol. 2C, table of special cases.</summary>
internal readonly struct ScaleFloat : IFloatElement
{
    /// <summary>Beyond this every result over- or underflows.</summary>
    private const int Limit = 1 << 14;

    public static ulong Define(ulong dst, ulong a, ulong rm, uint imm, in FloatFormat format, ref FloatEnvironment env)
    {
        FloatValue value = format.Unpack(a, env), scale = format.Unpack(rm, env);
        return format.Pack(Scale(value, scale, format, ref env));
    }

    private static FloatValue Scale(
        in FloatValue value, in FloatValue scale, in FloatFormat format, ref FloatEnvironment env)
    {
        if (value.Kind == FloatKind.QuietNaN && scale.IsInfinity)
            return scale.Negative ? FloatValue.Zero(false) : scale;
        if (FloatNaN.Propagates(value, scale, ref env, out FloatValue nan))
            return nan;
        if (scale.IsInfinity && (scale.Negative ? value.IsInfinity : value.IsZero))
            return FloatNaN.Invalid(ref env);
        FloatArithmetic.ReportDenormals(value, value, ref env); // of the first operand only
        if (scale.IsInfinity)
            return scale.Negative ? FloatValue.Zero(value.Negative) : FloatValue.Infinity(value.Negative);
        return value.IsFinite
            ? FloatArithmetic.Rounded(value with { Exponent = value.Exponent + Floor(scale) }, format, ref env)
            : value;
    }

    private static int Floor(in FloatValue scale)
    {
        if (scale.IsZero)
            return 0;
        if (scale.Exponent >= 14)
            return scale.Negative ? -Limit : Limit;
        FloatEnvironment quiet = FloatEnvironment.Quiet;
        return (int)(long)FloatInteger.ToInteger(scale, 64, signed: true, RoundingMode.Down, ref quiet);
    }
}

/// <summary>
/// VREDUCEPS and its kin: what a rounding to imm[7:4] fraction bits takes away. SDM vol. 2C. PE tells of the result,
/// not of the rounding inside.
/// </summary>
internal readonly struct ReduceFloat : IFloatElement
{
    private const uint FromMxcsr = 4, NoPrecision = 8;

    public static ulong Define(ulong dst, ulong a, ulong rm, uint imm, in FloatFormat format, ref FloatEnvironment env)
    {
        FloatValue value = format.Unpack(rm, env) with { WasDenormal = false };
        if (FloatNaN.Propagates(value, ref env, out FloatValue nan))
            return format.Pack(nan);
        if (value.IsInfinity)
            return format.Pack(FloatValue.Zero(false));
        // UE is never reported, whatever its mask; FTZ applies while it is masked
        FloatEnvironment inner = env with
        {
            Ftz = env.Ftz && env.IsMasked(FloatFlags.Underflow), Masks = FloatFlags.All, Raised = FloatFlags.None,
        };
        if ((imm & FromMxcsr) == 0)
            inner.Rounding = (RoundingMode)(imm & 3);
        FloatValue rounded = FloatInteger.RoundToIntegral(
            value, inner.Rounding, (int)(imm >> 4 & 15), reportPrecision: false, ref inner);
        FloatValue result = FloatArithmetic.Subtract(value, rounded, format, ref inner);
        if ((imm & NoPrecision) == 0)
            env.Raise(inner.Raised & FloatFlags.Precision);
        return format.Pack(result);
    }
}

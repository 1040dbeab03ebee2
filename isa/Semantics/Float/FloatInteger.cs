namespace Seamsim.Isa.Semantics.Float;

/// <summary>Conversions between numbers and integers. SDM vol. 1, 4.8.4 and table 11-1 (integer indefinite).</summary>
internal static class FloatInteger
{
    /// <summary>
    /// Rounds to a signed or unsigned integer of <paramref name="bits"/> bits. Out of range is invalid and yields the
    /// indefinite: the smallest signed integer, or the largest unsigned one.
    /// </summary>
    public static ulong ToInteger(
        in FloatValue value, int bits, bool signed, RoundingMode mode, ref FloatEnvironment env)
    {
        env.RoundedUp = false;
        if (value.IsZero)
            return 0;
        if (!value.IsFinite || value.Exponent > 63)
            return Indefinite(bits, signed, ref env);
        bool inexact = ToMagnitude(value, mode, out UInt128 magnitude, out bool up);
        UInt128 limit = (UInt128)1 << (signed ? bits - 1 : bits);
        bool fits = !value.Negative ? magnitude < limit : signed ? magnitude <= limit : magnitude == 0;
        if (!fits)
            return Indefinite(bits, signed, ref env);
        if (inexact)
            env.Raise(FloatFlags.Precision);
        env.RoundedUp = up;
        ulong result = value.Negative ? 0 - (ulong)magnitude : (ulong)magnitude;
        return bits == 64 ? result : result & ((1UL << bits) - 1);
    }

    /// <summary>A number from a signed or unsigned 64-bit integer, rounded to a format.</summary>
    public static FloatValue FromInteger(ulong integer, bool signed, in FloatFormat format, ref FloatEnvironment env)
    {
        bool negative = signed && (long)integer < 0;
        env.RoundedUp = false;
        return FloatArithmetic.Rounded(
            FloatValue.FromMagnitude(negative, negative ? 0 - integer : integer), format, ref env);
    }

    /// <summary>
    /// Rounds to a multiple of 2^-<paramref name="fraction"/>, format unchanged; reports PE when that changes it.
    /// </summary>
    public static FloatValue RoundToIntegral(
        in FloatValue value, RoundingMode mode, int fraction, bool reportPrecision, ref FloatEnvironment env)
    {
        if (FloatNaN.Propagates(value, ref env, out FloatValue nan))
            return nan;
        env.RoundedUp = false;
        if (!value.IsFinite || value.Exponent + fraction >= 63)
            return value with { WasDenormal = false };
        FloatValue scaled = value with { Exponent = value.Exponent + fraction };
        bool inexact = ToMagnitude(scaled, mode, out UInt128 magnitude, out bool up);
        if (inexact && reportPrecision)
            env.Raise(FloatFlags.Precision);
        env.RoundedUp = up;
        if (magnitude == 0)
            return FloatValue.Zero(value.Negative);
        int shift = FloatRounding.LeadingZeroCount(magnitude) - 64;
        return FloatValue.Finite(value.Negative, 63 - shift - fraction, (ulong)magnitude << shift);
    }

    /// <summary>The magnitude of a finite value below 2^64, rounded to an integer; whether that was inexact.</summary>
    private static bool ToMagnitude(in FloatValue value, RoundingMode mode, out UInt128 magnitude, out bool up)
    {
        // integer part above bit 63, fraction below, whatever is below that in bit 0
        UInt128 fixedPoint = FloatRounding.ShiftRightJam((UInt128)value.Significand << 64, 63 - value.Exponent);
        ulong fraction = (ulong)fixedPoint;
        magnitude = fixedPoint >> 64;
        bool half = fraction >> 63 != 0, below = fraction << 1 != 0;
        up = FloatRounding.RoundsUp(mode, value.Negative, ((ulong)magnitude & 1) != 0, half, below);
        if (up)
            magnitude++;
        return fraction != 0;
    }

    private static ulong Indefinite(int bits, bool signed, ref FloatEnvironment env)
    {
        env.Raise(FloatFlags.Invalid);
        return signed ? 1UL << (bits - 1) : ulong.MaxValue >> (64 - bits);
    }
}

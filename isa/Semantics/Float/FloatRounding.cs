using System.Numerics;

namespace Seamsim.Isa.Semantics.Float;

/// <summary>
/// Rounds an exact significand to a format and reports OE, UE and PE. SDM vol. 1, 4.8.4 and 4.9.1.4 to 4.9.1.6;
/// tininess is detected after rounding.
/// </summary>
internal static class FloatRounding
{
    /// <summary>
    /// What an unmasked x87 overflow or underflow changes the exponent by. SDM vol. 1, 8.5.4 and 8.5.5.
    /// </summary>
    public const int BiasAdjustment = 24576;

    /// <summary>
    /// The value significand / 2^127 · 2^exponent, bit 0 of the significand standing for everything below it.
    /// </summary>
    public static FloatValue Round(
        bool negative, int exponent, UInt128 significand, in FloatFormat format, ref FloatEnvironment env)
    {
        env.RoundedUp = false;
        int shift = LeadingZeroCount(significand);
        significand <<= shift;
        exponent -= shift;
        bool inexact = Cut(significand, format.Precision, negative, env.Rounding, out ulong rounded, out bool carry,
            out bool up);
        int unbounded = carry ? exponent + 1 : exponent;
        if (unbounded < format.MinExponent)
        {
            if (env.IsMasked(FloatFlags.Underflow))
                return RoundTiny(negative, exponent, significand, format, ref env);
            env.Raise(FloatFlags.Underflow);
            unbounded += BiasAdjustment;
        }
        else if (unbounded > format.MaxExponent)
        {
            if (env.IsMasked(FloatFlags.Overflow))
                return Overflowed(negative, format, ref env);
            env.Raise(FloatFlags.Overflow);
            unbounded -= BiasAdjustment;
        }
        if (format.ExponentBits == FloatFormat.Extended.ExponentBits
            && (unbounded < format.MinExponent || unbounded > format.MaxExponent))
            return Massive(negative, unbounded > 0, ref env);
        if (inexact)
            env.Raise(FloatFlags.Precision);
        env.RoundedUp = up;
        return FloatValue.Finite(negative, unbounded, rounded);
    }

    /// <summary>
    /// FSCALE beyond what the bias adjustment reaches: infinity or zero. SDM vol. 1, 8.5.4 and 8.5.5.
    /// </summary>
    private static FloatValue Massive(bool negative, bool overflow, ref FloatEnvironment env)
    {
        env.Raise(FloatFlags.Precision);
        env.RoundedUp = overflow;
        return overflow ? FloatValue.Infinity(negative) : FloatValue.Zero(negative);
    }

    /// <summary>Shifts right; whatever falls out sets bit 0.</summary>
    public static UInt128 ShiftRightJam(UInt128 value, int count)
    {
        if (count <= 0)
            return value;
        if (count >= 128)
            return value == 0 ? UInt128.Zero : UInt128.One;
        UInt128 shifted = value >> count;
        return shifted << count == value ? shifted : shifted | 1;
    }

    /// <summary>Whether a magnitude is rounded up, given the bits that fall away.</summary>
    public static bool RoundsUp(RoundingMode mode, bool negative, bool odd, bool half, bool below) => mode switch
    {
        RoundingMode.NearestEven => half && (below || odd),
        RoundingMode.Down => negative && (half || below),
        RoundingMode.Up => !negative && (half || below),
        _ => false,
    };

    public static int LeadingZeroCount(UInt128 value)
    {
        ulong high = (ulong)(value >> 64);
        return high != 0
            ? BitOperations.LeadingZeroCount(high)
            : 64 + BitOperations.LeadingZeroCount((ulong)value);
    }

    /// <summary>Keeps <paramref name="precision"/> bits of a significand whose leading one is bit 127.</summary>
    private static bool Cut(
        UInt128 significand, int precision, bool negative, RoundingMode mode, out ulong rounded, out bool carry,
            out bool up)
    {
        int dropped = 128 - precision;
        UInt128 kept = significand >> dropped;
        bool half = ((ulong)(significand >> (dropped - 1)) & 1) != 0;
        bool below = significand << (precision + 1) != 0;
        up = RoundsUp(mode, negative, ((ulong)kept & 1) != 0, half, below);
        if (up)
            kept++;
        carry = kept >> precision != 0;
        if (carry)
            kept >>= 1;
        rounded = (ulong)kept << (64 - precision);
        return half || below;
    }

    private static FloatValue RoundTiny(
        bool negative, int exponent, UInt128 significand, in FloatFormat format, ref FloatEnvironment env)
    {
        if (env.Ftz)
        {
            env.Raise(FloatFlags.Underflow | FloatFlags.Precision);
            return FloatValue.Zero(negative);
        }
        // The integer bit stays free, so that rounding up to the smallest normal number carries into it.
        UInt128 shifted = ShiftRightJam(significand, format.MinExponent - exponent);
        int dropped = 128 - format.Precision;
        UInt128 kept = shifted >> dropped;
        bool half = ((ulong)(shifted >> (dropped - 1)) & 1) != 0, below = shifted << (format.Precision + 1) != 0;
        if (half || below)
            env.Raise(FloatFlags.Underflow | FloatFlags.Precision);
        env.RoundedUp = RoundsUp(env.Rounding, negative, ((ulong)kept & 1) != 0, half, below);
        ulong field = (ulong)kept + (env.RoundedUp ? 1UL : 0);
        if (field == 0)
            return FloatValue.Zero(negative);
        FloatValue value = FloatValue.Denormal(negative, format.MinExponent, field << (64 - format.Precision));
        return value with { WasDenormal = false };
    }

    private static FloatValue Overflowed(bool negative, in FloatFormat format, ref FloatEnvironment env)
    {
        env.Raise(FloatFlags.Overflow | FloatFlags.Precision);
        bool toInfinity = RoundsUp(env.Rounding, negative, odd: true, half: true, below: true);
        env.RoundedUp = toInfinity;
        return toInfinity
            ? FloatValue.Infinity(negative)
            : FloatValue.Finite(negative, format.MaxExponent, ulong.MaxValue << (64 - format.Precision));
    }
}

namespace Seamsim.Isa.Semantics.Float;

/// <summary>
/// A number with 128 significant bits for the inside of transcendental functions: ±significand / 2^127 · 2^exponent
/// with bit 127 set, or zero. Operations cut what does not fit, a relative error below 2^-126 each; exponents do not
/// overflow.
/// </summary>
internal readonly record struct WideFloat(bool Negative, int Exponent, UInt128 Significand)
{
    public static WideFloat One => FromInteger(1);

    public bool IsZero => Significand == 0;

    /// <summary>A finite number or zero.</summary>
    public static WideFloat From(in FloatValue value) => value.IsZero
        ? default
        : new WideFloat(value.Negative, value.Exponent, (UInt128)value.Significand << 64);

    /// <summary>±magnitude · 2^scale.</summary>
    public static WideFloat From(bool negative, UInt128 magnitude, int scale)
    {
        if (magnitude == 0)
            return default;
        int shift = FloatRounding.LeadingZeroCount(magnitude);
        return new WideFloat(negative, 127 - shift + scale, magnitude << shift);
    }

    public static WideFloat FromInteger(long value) => From(value < 0, (UInt128)(ulong)Math.Abs(value), 0);

    public static WideFloat operator -(WideFloat a) => a with { Negative = !a.Negative };

    public static WideFloat operator -(WideFloat a, WideFloat b) => a + -b;

    public static WideFloat operator +(WideFloat a, WideFloat b)
    {
        if (a.IsZero || b.IsZero)
            return a.IsZero ? b : a;
        if (a.Exponent < b.Exponent || (a.Exponent == b.Exponent && a.Significand < b.Significand))
            (a, b) = (b, a);
        UInt128 small = FloatRounding.ShiftRightJam(b.Significand >> 1, a.Exponent - b.Exponent);
        UInt128 sum = a.Negative == b.Negative ? (a.Significand >> 1) + small : (a.Significand >> 1) - small;
        return From(a.Negative, sum, a.Exponent - 126);
    }

    public static WideFloat operator *(WideFloat a, WideFloat b)
    {
        if (a.IsZero || b.IsZero)
            return default;
        UInt128 product = MultiplyHigh(a.Significand, b.Significand); // [2^126, 2^128)
        return From(a.Negative != b.Negative, product, a.Exponent + b.Exponent - 126);
    }

    public static WideFloat operator /(WideFloat a, WideFloat b)
    {
        if (a.IsZero)
            return default;
        // Newton's iteration doubles the bits of a reciprocal: 63, 126; one step on the quotient makes up the rest
        WideFloat reciprocal = ShortReciprocal(b with { Negative = false });
        WideFloat magnitude = b with { Negative = false };
        WideFloat two = FromInteger(2);
        reciprocal *= two - (magnitude * reciprocal);
        WideFloat quotient = (a with { Negative = false }) * reciprocal;
        quotient += ((a with { Negative = false }) - (quotient * magnitude)) * reciprocal;
        return quotient with { Negative = a.Negative != b.Negative };
    }

    /// <summary>Divided by a small integer.</summary>
    public WideFloat DividedBy(uint divisor)
    {
        if (IsZero)
            return this;
        (UInt128 whole, UInt128 rest) = UInt128.DivRem(Significand, divisor);
        int shift = FloatRounding.LeadingZeroCount(whole);
        UInt128 low = (rest << shift) / divisor;
        return new WideFloat(Negative, Exponent - shift, (whole << shift) | low);
    }

    /// <summary>Times 2^<paramref name="by"/>.</summary>
    public WideFloat Scaled(int by) => IsZero ? this : this with { Exponent = Exponent + by };

    /// <summary>
    /// Rounded to a format; the value is taken as slightly larger than it is written, as irrational ones are.
    /// </summary>
    public FloatValue Round(in FloatFormat format, ref FloatEnvironment env) => IsZero
        ? FloatValue.Zero(Negative)
        : FloatRounding.Round(Negative, Exponent, Significand | 1, format, ref env);

    private static WideFloat ShortReciprocal(WideFloat b)
    {
        ulong high = (ulong)(b.Significand >> 64);
        UInt128 quotient = ((UInt128)1 << 127) / high; // 2^127 / 2^63..2^64
        return From(false, quotient, -64 - b.Exponent);
    }

    private static UInt128 MultiplyHigh(UInt128 a, UInt128 b)
    {
        ulong aHigh = (ulong)(a >> 64), aLow = (ulong)a, bHigh = (ulong)(b >> 64), bLow = (ulong)b;
        UInt128 low = (UInt128)aLow * bLow, middle = (UInt128)aHigh * bLow, cross = (UInt128)aLow * bHigh;
        UInt128 carry = (low >> 64) + (ulong)middle + (ulong)cross;
        return ((UInt128)aHigh * bHigh) + (middle >> 64) + (cross >> 64) + (carry >> 64);
    }
}

namespace Seamsim.Isa.Semantics.Float;

/// <summary>
/// Elementary functions to 120 bits and more, by their power series; integers only, so that every host gives the same
/// bits. Their constants are the binary expansions of ln 2 and π.
/// </summary>
internal static class WideFunctions
{
    /// <summary>Terms below the last bit of the sum end a series.</summary>
    private const int Enough = 130;

    private const int ExponentialTerms = 36;

    public static WideFloat Ln2 => new(false, -1, new UInt128(0xB17217F7D1CF79AB, 0xC9E3B39803F2F6AF));

    public static WideFloat Pi => new(false, 1, new UInt128(0xC90FDAA22168C234, 0xC4C6628B80DC1CD1));

    private static WideFloat TwoByLn2 => new(false, 1, new UInt128(0xB8AA3B295C17F0BB, 0xBE87FED0691D3E88));

    /// <summary>Sine of a magnitude below 1.</summary>
    public static WideFloat Sine(WideFloat x) => Alternating(x, x * x, 2);

    /// <summary>Cosine of a magnitude below 1.</summary>
    public static WideFloat Cosine(WideFloat x) => Alternating(WideFloat.One, x * x, 1);

    /// <summary>Arcus tangent of 0..1.</summary>
    public static WideFloat ArcTangent(WideFloat t)
    {
        if (t.IsZero)
            return t;
        WideFloat one = WideFloat.One;
        return t.Exponent >= -1
            ? Pi.Scaled(-2) - OddSeries((one - t) / (one + t), alternating: true) // tan(π/4 - a)
            : OddSeries(t, alternating: true);
    }

    /// <summary>Binary logarithm of a positive number.</summary>
    public static WideFloat Log2(WideFloat x)
    {
        // x = m · 2^e with m around 1, so that nothing cancels
        bool upper = x.Significand >= (UInt128)0xB504F333F9DE6484 << 64; // √2
        int exponent = upper ? x.Exponent + 1 : x.Exponent;
        WideFloat m = x with { Exponent = upper ? -1 : 0 };
        WideFloat one = WideFloat.One;
        WideFloat fraction = AreaTangent((m - one) / (m + one));
        return exponent == 0 ? fraction : WideFloat.FromInteger(exponent) + fraction;
    }

    /// <summary>Binary logarithm of 1 + x, for x around 0.</summary>
    public static WideFloat Log2OnePlus(WideFloat x) => AreaTangent(x / (x + WideFloat.FromInteger(2)));

    /// <summary>2^x − 1 for −1..1.</summary>
    public static WideFloat PowerOfTwoMinusOne(WideFloat x)
    {
        WideFloat z = x * Ln2, one = WideFloat.One, sum = one;
        for (uint n = ExponentialTerms; n >= 2; n--)
            sum = one + (z * sum).DividedBy(n);
        return z * sum;
    }

    /// <summary>log2((1 + s) / (1 − s)).</summary>
    private static WideFloat AreaTangent(WideFloat s) => OddSeries(s, alternating: false) * TwoByLn2;

    /// <summary>first − first·square/(n(n+1)) + …: sine from n = 2, cosine from n = 1.</summary>
    private static WideFloat Alternating(WideFloat first, WideFloat square, uint n)
    {
        WideFloat sum = first, term = first;
        for (; !term.IsZero && term.Exponent > sum.Exponent - Enough; n += 2)
        {
            term = -(term * square).DividedBy(n * (n + 1));
            sum += term;
        }
        return sum;
    }

    /// <summary>s ∓ s³/3 + s⁵/5 ∓ …</summary>
    private static WideFloat OddSeries(WideFloat s, bool alternating)
    {
        WideFloat sum = s, power = s, square = s * s;
        if (alternating)
            square = -square;
        for (uint n = 3; !power.IsZero && power.Exponent > sum.Exponent - Enough; n += 2)
        {
            power *= square;
            sum += power.DividedBy(n);
        }
        return sum;
    }
}

namespace Seamsim.Isa.Semantics.Float.Simd;

/// <summary>VRANGEPS and its kin: minimum or maximum by imm[1:0], sign by imm[3:2]. SDM vol. 2C, "VRANGEPD".</summary>
internal readonly struct RangeFloat : IFloatElement
{
    private const uint Maximum = 1, Absolute = 2;

    public static ulong Define(ulong dst, ulong a, ulong rm, uint imm, in FloatFormat format, ref FloatEnvironment env)
    {
        FloatValue x = format.Unpack(a, env), y = format.Unpack(rm, env);
        if (x.Kind == FloatKind.SignallingNaN || y.Kind == FloatKind.SignallingNaN)
        {
            env.Raise(FloatFlags.Invalid);
            return format.Pack((x.Kind == FloatKind.SignallingNaN ? x : y).Quieted);
        }
        if (!x.IsNaN && !y.IsNaN)
            FloatArithmetic.ReportDenormals(x, y, ref env);
        FloatValue picked = y.IsNaN ? x : x.IsNaN ? y : Pick(x, y, imm);
        return format.Pack((imm >> 2 & 3) switch
        {
            0 => picked.WithSign(x.Negative),
            1 => picked,
            2 => picked.WithSign(false),
            _ => picked.WithSign(true),
        });
    }

    /// <summary>Of two that compare equal the minimum is the negative one.</summary>
    private static FloatValue Pick(in FloatValue x, in FloatValue y, uint imm)
    {
        int order = (imm & Absolute) != 0 ? FloatComparison.CompareMagnitudes(x, y) : Signed(x, y);
        if (order == 0)
            order = y.Negative.CompareTo(x.Negative);
        return ((imm & Maximum) != 0 ? order > 0 : order <= 0) ? x : y;
    }

    private static int Signed(in FloatValue x, in FloatValue y) => FloatComparison.Relate(x, y) switch
    {
        FloatRelation.Less => -1,
        FloatRelation.Equal => 0,
        _ => 1,
    };
}

/// <summary>
/// VFIXUPIMMPS and its kin: the class of the first source chooses one of sixteen responses in a table of four-bit
/// entries, and imm8 which classes raise ZE or IE. SDM vol. 2C, "VFIXUPIMMPD".
/// </summary>
internal readonly struct FixUpFloat : IFloatElement
{
    private enum Token : byte
    {
        QuietNaN, SignallingNaN, Zero, One, NegativeInfinity, PositiveInfinity, NegativeValue, PositiveValue,
    }

    public static ulong Define(ulong dst, ulong a, ulong rm, uint imm, in FloatFormat format, ref FloatEnvironment env)
    {
        FloatValue value = format.Unpack(a, env);
        Token token = TokenOf(value);
        Report(token, imm, ref env);
        int response = (int)(rm >> (4 * (int)token) & 15);
        return response switch
        {
            0 => dst,
            2 => QuietNaN(value.IsZero ? a & SignOf(format) : a, format),
            _ => format.Pack(Respond(response, value, format)),
        };
    }

    private static ulong SignOf(in FloatFormat format) => 1UL << (format.Width - 1);

    /// <summary>Sign and fraction of a number in a QNaN.</summary>
    private static ulong QuietNaN(ulong bits, in FloatFormat format) =>
        bits | ((ulong)format.SpecialExponent << format.FractionBits) | (1UL << (format.FractionBits - 1));

    private static Token TokenOf(in FloatValue value) => value.Kind switch
    {
        FloatKind.QuietNaN => Token.QuietNaN,
        FloatKind.SignallingNaN => Token.SignallingNaN,
        FloatKind.Zero => Token.Zero,
        FloatKind.Infinity => value.Negative ? Token.NegativeInfinity : Token.PositiveInfinity,
        _ when value.Negative => Token.NegativeValue,
        _ => value is { Exponent: 0, Significand: FloatValue.IntegerBit } ? Token.One : Token.PositiveValue,
    };

    private static void Report(Token token, uint imm, ref FloatEnvironment env)
    {
        (int divide, int invalid) = token switch
        {
            Token.Zero => (0, 1),
            Token.One => (2, 3),
            Token.SignallingNaN => (-1, 4),
            Token.NegativeInfinity => (-1, 5),
            Token.NegativeValue => (-1, 6),
            Token.PositiveInfinity => (-1, 7),
            _ => (-1, -1),
        };
        if (divide >= 0 && (imm >> divide & 1) != 0)
            env.Raise(FloatFlags.DivideByZero);
        if (invalid >= 0 && (imm >> invalid & 1) != 0)
            env.Raise(FloatFlags.Invalid);
    }

    private static FloatValue Respond(int response, in FloatValue value, in FloatFormat format) => response switch
    {
        1 => value,
        3 => FloatValue.Indefinite,
        4 => FloatValue.Infinity(true),
        5 => FloatValue.Infinity(false),
        6 => FloatValue.Infinity(value.Negative),
        7 => FloatValue.Zero(true),
        8 => FloatValue.Zero(false),
        9 => FloatValue.FromMagnitude(true, 1),
        10 => FloatValue.FromMagnitude(false, 1),
        11 => FloatValue.Finite(false, -1, FloatValue.IntegerBit),
        12 => FloatValue.FromMagnitude(false, 90),
        13 => HalfPi(format),
        14 => FloatValue.Finite(false, format.MaxExponent, ulong.MaxValue << (64 - format.Precision)),
        _ => FloatValue.Finite(true, format.MaxExponent, ulong.MaxValue << (64 - format.Precision)),
    };

    private static FloatValue HalfPi(in FloatFormat format)
    {
        FloatEnvironment quiet = FloatEnvironment.Quiet;
        return WideFunctions.Pi.Scaled(-1).Round(format, ref quiet);
    }
}

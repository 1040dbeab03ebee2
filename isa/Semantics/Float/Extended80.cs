namespace Seamsim.Isa.Semantics.Float;

/// <summary>
/// A number in the 80-bit double extended-precision format, as x87 registers and memory hold it. SDM vol. 1, 4.2.2 and
/// 8.2; unsupported encodings: table 8-3.
/// </summary>
/// <param name="SignExponent">Sign in bit 15, biased exponent below.</param>
/// <param name="Significand">64 bits, the integer bit explicit.</param>
internal readonly record struct Extended80(ushort SignExponent, ulong Significand)
{
    private const ushort SignBit = 0x8000, SpecialExponent = 0x7FFF;

    /// <summary>The exponent field without the sign.</summary>
    public int BiasedExponent => SignExponent & SpecialExponent;

    public bool Negative => (SignExponent & SignBit) != 0;

    /// <summary>Takes the number apart.</summary>
    public FloatValue Unpack()
    {
        bool integer = (Significand & FloatValue.IntegerBit) != 0;
        int exponent = BiasedExponent;
        if (exponent == 0)
        {
            return Significand == 0
                ? FloatValue.Zero(Negative)
                : FloatValue.Denormal(Negative, FloatFormat.Extended.MinExponent, Significand);
        }
        if (!integer)
            return FloatValue.Indefinite with { Kind = FloatKind.Unsupported };
        if (exponent != SpecialExponent)
            return FloatValue.Finite(Negative, exponent - FloatFormat.Extended.MaxExponent, Significand);
        return Significand == FloatValue.IntegerBit
            ? FloatValue.Infinity(Negative)
            : FloatValue.NaN(Negative, Significand);
    }

    /// <summary>Puts a number together whose exponent the format has.</summary>
    public static Extended80 Pack(in FloatValue value)
    {
        int sign = value.Negative ? SignBit : 0;
        switch (value.Kind)
        {
            case FloatKind.Zero:
                return new Extended80((ushort)sign, 0);
            case FloatKind.Finite when value.Exponent < FloatFormat.Extended.MinExponent:
                int shift = FloatFormat.Extended.MinExponent - value.Exponent;
                return new Extended80((ushort)sign, value.Significand >> shift);
            case FloatKind.Finite:
                return new Extended80((ushort)(sign | (value.Exponent + FloatFormat.Extended.MaxExponent)),
                    value.Significand);
            default:
                return new Extended80((ushort)(sign | SpecialExponent), value.Significand);
        }
    }
}

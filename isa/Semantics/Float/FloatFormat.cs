namespace Seamsim.Isa.Semantics.Float;

/// <summary>
/// A floating-point format, or a rounding target that has the exponents of one and the precision of another. SDM vol.
/// 1, table 4-3.
/// </summary>
/// <param name="Precision">Bits of the significand, the integer bit included.</param>
/// <param name="ExponentBits">Width of the exponent field.</param>
internal readonly record struct FloatFormat(int Precision, int ExponentBits)
{
    /// <summary>Half precision.</summary>
    public static FloatFormat Binary16 => new(11, 5);

    /// <summary>bfloat16.</summary>
    public static FloatFormat BFloat16 => new(8, 8);

    /// <summary>Single precision.</summary>
    public static FloatFormat Binary32 => new(24, 8);

    /// <summary>Double precision.</summary>
    public static FloatFormat Binary64 => new(53, 11);

    /// <summary>Double extended precision: 64 bits, the integer bit explicit.</summary>
    public static FloatFormat Extended => new(64, 15);

    /// <summary>Largest exponent of a finite number; also the bias.</summary>
    public int MaxExponent => (1 << (ExponentBits - 1)) - 1;

    /// <summary>Exponent of the smallest normal number.</summary>
    public int MinExponent => 1 - MaxExponent;

    /// <summary>All ones in the exponent field.</summary>
    public uint SpecialExponent => (1u << ExponentBits) - 1;

    /// <summary>Bits of the fraction field of a format without explicit integer bit.</summary>
    public int FractionBits => Precision - 1;

    /// <summary>Bits of a packed number of a format without explicit integer bit.</summary>
    public int Width => Precision + ExponentBits;

    /// <summary>Takes a packed number apart; DAZ of <paramref name="env"/> applies.</summary>
    public FloatValue Unpack(ulong bits, in FloatEnvironment env) => Unpack(bits, env.Daz);

    /// <summary>Takes a packed number apart.</summary>
    public FloatValue Unpack(ulong bits, bool denormalsAreZeros)
    {
        bool negative = (bits >> (Width - 1) & 1) != 0;
        uint exponent = (uint)(bits >> FractionBits) & SpecialExponent;
        ulong fraction = bits << (64 - FractionBits) >> 1;
        if (exponent == SpecialExponent)
        {
            return fraction == 0
                ? FloatValue.Infinity(negative)
                : FloatValue.NaN(negative, fraction | FloatValue.IntegerBit);
        }
        if (exponent != 0)
            return FloatValue.Finite(negative, (int)exponent - MaxExponent, fraction | FloatValue.IntegerBit);
        return fraction == 0 || denormalsAreZeros
            ? FloatValue.Zero(negative)
            : FloatValue.Denormal(negative, MinExponent, fraction);
    }

    /// <summary>Puts a number together that has been rounded to this format.</summary>
    public ulong Pack(in FloatValue value)
    {
        ulong sign = value.Negative ? 1UL << (Width - 1) : 0;
        ulong special = (ulong)SpecialExponent << FractionBits;
        switch (value.Kind)
        {
            case FloatKind.Zero:
                return sign;
            case FloatKind.Infinity:
                return sign | special;
            case FloatKind.Finite:
                return sign | PackFinite(value);
            default:
                return sign | special | (value.Significand << 1 >> (64 - FractionBits));
        }
    }

    private ulong PackFinite(in FloatValue value)
    {
        ulong significand = value.Significand >> (64 - Precision);
        if (value.Exponent < MinExponent)
            return significand >> (MinExponent - value.Exponent);
        // the integer bit adds 1 to the exponent
        return ((ulong)(value.Exponent - MinExponent) << FractionBits) + significand;
    }
}

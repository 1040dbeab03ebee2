using Seamsim.Isa.Semantics.Float;

namespace Seamsim.Isa.Semantics.X87;

/// <summary>
/// Reduces the operand of FSIN, FCOS, FSINCOS and FPTAN by multiples of π/2. The processor's π has 66 bits,
/// 0.C90FDAA22168C234C · 2^2 (SDM vol. 1, 8.3.8): what lies near a multiple of the true π differs from the mathematical
/// function for that reason, here as there. The remainder is exact.
/// </summary>
internal static class X87ArgumentReduction
{
    /// <summary>π/2 in units of 2^-67.</summary>
    private const int UnitBits = 67;

    /// <summary>Operands from 2^63 on are out of range: C2 = 1.</summary>
    public const int OutOfRangeExponent = 63;

    private static UInt128 HalfPi => new(0xC, 0x90FDAA22168C234C);

    /// <summary>|<paramref name="value"/>| = quadrant · π/2 + rest, with a rest in ±π/4.</summary>
    public static WideFloat Reduce(in FloatValue value, out int quadrant)
    {
        int shift = value.Exponent - 63 + UnitBits;
        quadrant = 0;
        if (shift < 0)
            return WideFloat.From(value) with { Negative = false };
        UInt128 circle = HalfPi << 2, rest = value.Significand % circle;
        for (; shift > 0; shift -= 48)
            rest = (rest << Math.Min(shift, 48)) % circle;
        quadrant = (int)(rest / HalfPi);
        rest %= HalfPi;
        bool negative = rest > HalfPi >> 1;
        if (negative)
        {
            rest = HalfPi - rest;
            quadrant = (quadrant + 1) & 3;
        }
        return WideFloat.From(negative, rest, -UnitBits);
    }
}

using System.Numerics;

namespace Seamsim.Isa.Semantics.Float;

/// <summary>
/// What a number is. SDM vol. 1, 4.8.3; unsupported encodings exist in the x87 format only (table 8-3).
/// </summary>
internal enum FloatKind : byte
{
    Zero,
    Finite,
    Infinity,
    QuietNaN,
    SignallingNaN,
    Unsupported,
}

/// <summary>
/// A number of any format, taken apart. A finite one is significand / 2^63 · 2^exponent with the integer bit set,
/// whether its encoding was denormal or not; the significand of a NaN holds the payload below the integer bit.
/// </summary>
internal readonly record struct FloatValue(FloatKind Kind, bool Negative, int Exponent, ulong Significand,
    bool WasDenormal)
{
    /// <summary>The integer bit, and the bit that makes a NaN quiet.</summary>
    public const ulong IntegerBit = 1UL << 63, QuietBit = 1UL << 62;

    /// <summary>The QNaN floating-point indefinite. SDM vol. 1, 4.8.3.7.</summary>
    public static FloatValue Indefinite => new(FloatKind.QuietNaN, true, 0, IntegerBit | QuietBit, false);

    public static FloatValue Zero(bool negative) => new(FloatKind.Zero, negative, 0, 0, false);

    public static FloatValue Infinity(bool negative) => new(FloatKind.Infinity, negative, 0, IntegerBit, false);

    public static FloatValue Finite(bool negative, int exponent, ulong significand) =>
        new(FloatKind.Finite, negative, exponent, significand, false);

    /// <summary>A NaN, quiet or not, with its payload below the integer bit.</summary>
    public static FloatValue NaN(bool negative, ulong significand) =>
        new((significand & QuietBit) != 0 ? FloatKind.QuietNaN : FloatKind.SignallingNaN, negative, 0, significand,
            false);

    /// <summary>A number whose encoding has exponent 0 and this significand, integer bit at bit 63.</summary>
    public static FloatValue Denormal(bool negative, int exponent, ulong significand)
    {
        int shift = BitOperations.LeadingZeroCount(significand);
        return new FloatValue(FloatKind.Finite, negative, exponent - shift, significand << shift, true);
    }

    /// <summary>The integer ±<paramref name="magnitude"/>.</summary>
    public static FloatValue FromMagnitude(bool negative, ulong magnitude)
    {
        if (magnitude == 0)
            return Zero(false);
        int shift = BitOperations.LeadingZeroCount(magnitude);
        return Finite(negative, 63 - shift, magnitude << shift);
    }

    public bool IsNaN => Kind is FloatKind.QuietNaN or FloatKind.SignallingNaN;

    public bool IsZero => Kind == FloatKind.Zero;

    public bool IsInfinity => Kind == FloatKind.Infinity;

    public bool IsFinite => Kind == FloatKind.Finite;

    /// <summary>The NaN as an operation returns it.</summary>
    public FloatValue Quieted => this with { Kind = FloatKind.QuietNaN, Significand = Significand | QuietBit };

    /// <summary>The same magnitude with a sign of its own.</summary>
    public FloatValue WithSign(bool negative) => this with { Negative = negative };
}

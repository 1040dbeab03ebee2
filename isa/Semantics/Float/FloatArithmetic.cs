namespace Seamsim.Isa.Semantics.Float;

/// <summary>
/// Addition, subtraction, multiplication, division and square root, correctly rounded to any format. IEEE 754-2019,
/// 5.4.1; special operands and the order of exceptions: SDM vol. 1, 4.9.1 and 4.9.2.
/// </summary>
internal static class FloatArithmetic
{
    public static FloatValue Add(in FloatValue a, in FloatValue b, in FloatFormat format, ref FloatEnvironment env)
    {
        if (FloatNaN.Propagates(a, b, ref env, out FloatValue nan))
            return nan;
        if (a.IsInfinity && b.IsInfinity && a.Negative != b.Negative)
            return FloatNaN.Invalid(ref env);
        ReportDenormals(a, b, ref env);
        env.RoundedUp = false;
        if (a.IsInfinity || b.IsInfinity)
            return a.IsInfinity ? a : b;
        if (a.IsZero && b.IsZero)
            return FloatValue.Zero(a.Negative == b.Negative ? a.Negative : env.Rounding == RoundingMode.Down);
        if (a.IsZero || b.IsZero)
            return Rounded(a.IsZero ? b : a, format, ref env);
        return AddFinite(a.Negative, a.Exponent, (UInt128)a.Significand << 64,
            b.Negative, b.Exponent, (UInt128)b.Significand << 64, format, ref env);
    }

    public static FloatValue Subtract(in FloatValue a, in FloatValue b, in FloatFormat format,
        ref FloatEnvironment env) =>
        Add(a, b.IsNaN ? b : b.WithSign(!b.Negative), format, ref env);

    public static FloatValue Multiply(in FloatValue a, in FloatValue b, in FloatFormat format, ref FloatEnvironment env)
    {
        if (FloatNaN.Propagates(a, b, ref env, out FloatValue nan))
            return nan;
        bool negative = a.Negative != b.Negative;
        if ((a.IsInfinity && b.IsZero) || (a.IsZero && b.IsInfinity))
            return FloatNaN.Invalid(ref env);
        ReportDenormals(a, b, ref env);
        env.RoundedUp = false;
        if (a.IsInfinity || b.IsInfinity)
            return FloatValue.Infinity(negative);
        if (a.IsZero || b.IsZero)
            return FloatValue.Zero(negative);
        UInt128 product = (UInt128)a.Significand * b.Significand;
        return FloatRounding.Round(negative, a.Exponent + b.Exponent + 1, product, format, ref env);
    }

    public static FloatValue Divide(in FloatValue a, in FloatValue b, in FloatFormat format, ref FloatEnvironment env)
    {
        if (FloatNaN.Propagates(a, b, ref env, out FloatValue nan))
            return nan;
        bool negative = a.Negative != b.Negative;
        if ((a.IsInfinity && b.IsInfinity) || (a.IsZero && b.IsZero))
            return FloatNaN.Invalid(ref env);
        env.RoundedUp = false;
        if (b.IsZero && a.IsFinite)
        {
            env.Raise(FloatFlags.DivideByZero);
            return FloatValue.Infinity(negative);
        }
        ReportDenormals(a, b, ref env);
        if (a.IsInfinity || b.IsZero)
            return FloatValue.Infinity(negative);
        if (a.IsZero || b.IsInfinity)
            return FloatValue.Zero(negative);
        return FloatRounding.Round(negative, a.Exponent - b.Exponent, Quotient(a.Significand, b.Significand), format,
            ref env);
    }

    public static FloatValue SquareRoot(in FloatValue a, in FloatFormat format, ref FloatEnvironment env)
    {
        if (FloatNaN.Propagates(a, ref env, out FloatValue nan))
            return nan;
        env.RoundedUp = false;
        if (a.IsZero)
            return a;
        if (a.Negative)
            return FloatNaN.Invalid(ref env);
        ReportDenormals(a, a, ref env);
        if (a.IsInfinity)
            return a;
        // the exponent of the radicand is made even: significand in [1, 4)
        bool odd = (a.Exponent & 1) != 0;
        UInt128 radicand = (UInt128)a.Significand << (odd ? 64 : 63);
        ulong root = IntegerSquareRoot(radicand, out UInt128 remainder);
        UInt128 bits = (UInt128)root << 64 | (remainder > root ? IntegerHalf : 0) | (remainder != 0 ? 1u : 0u);
        return FloatRounding.Round(false, (a.Exponent - (odd ? 1 : 0)) / 2, bits, format, ref env);
    }

    /// <summary>A value brought into a format, denormals reported.</summary>
    public static FloatValue Convert(in FloatValue a, in FloatFormat format, ref FloatEnvironment env)
    {
        if (FloatNaN.Propagates(a, ref env, out FloatValue nan))
            return nan;
        ReportDenormals(a, a, ref env);
        env.RoundedUp = false;
        return a.IsFinite ? Rounded(a, format, ref env) : a;
    }

    /// <summary>A finite value, zero or infinity brought into a format.</summary>
    public static FloatValue Rounded(in FloatValue a, in FloatFormat format, ref FloatEnvironment env) =>
        a.IsFinite ? FloatRounding.Round(a.Negative, a.Exponent, (UInt128)a.Significand << 64, format, ref env) : a;

    public static void ReportDenormals(in FloatValue a, in FloatValue b, ref FloatEnvironment env)
    {
        if (a.WasDenormal || b.WasDenormal)
            env.Raise(FloatFlags.Denormal);
    }

    /// <summary>
    /// Sum of two values with leading ones at bit 127. Both give up two bits at the bottom, zero in every use, for the
    /// carry and for a shifted-out rest that may not be lost when one bit cancels.
    /// </summary>
    public static FloatValue AddFinite(
        bool negativeA, int exponentA, UInt128 a, bool negativeB, int exponentB, UInt128 b, in FloatFormat format,
        ref FloatEnvironment env)
    {
        if (exponentA < exponentB || (exponentA == exponentB && a < b))
        {
            (negativeA, negativeB) = (negativeB, negativeA);
            (exponentA, exponentB) = (exponentB, exponentA);
            (a, b) = (b, a);
        }
        a >>= 1;
        b = FloatRounding.ShiftRightJam(b >> 1, exponentA - exponentB);
        UInt128 sum = negativeA == negativeB ? a + b : a - b;
        env.RoundedUp = false;
        if (sum == 0)
            return FloatValue.Zero(env.Rounding == RoundingMode.Down);
        return FloatRounding.Round(negativeA, exponentA + 1, sum, format, ref env);
    }

    private static UInt128 IntegerHalf => (UInt128)1 << 63;

    /// <summary>
    /// a / b · 2^126 or so with a sticky bit, for two significands with their leading ones at bit 63.
    /// </summary>
    private static UInt128 Quotient(ulong a, ulong b)
    {
        (UInt128 high, UInt128 rest) = UInt128.DivRem((UInt128)a << 63, b);
        (UInt128 low, UInt128 last) = UInt128.DivRem(rest << 64, b);
        return high << 64 | low | (last != 0 ? 1u : 0u);
    }

    /// <summary>Floor of the square root of a number of 127 or 128 bits, digit by digit.</summary>
    private static ulong IntegerSquareRoot(UInt128 value, out UInt128 remainder)
    {
        UInt128 root = 0, rest = value;
        for (int bit = 63; bit >= 0; bit--)
        {
            // (root + 2^bit)^2 = root^2 + 2^bit (2 root + 2^bit)
            UInt128 step = ((root << 1) + ((UInt128)1 << bit)) << bit;
            if (rest < step)
                continue;
            rest -= step;
            root |= (UInt128)1 << bit;
        }
        remainder = rest;
        return (ulong)root;
    }
}

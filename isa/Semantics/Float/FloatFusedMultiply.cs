namespace Seamsim.Isa.Semantics.Float;

/// <summary>Fused multiply-add. IEEE 754-2019, 5.4.1; special operands: SDM vol. 1, 14.5.3 and its tables.</summary>
internal static class FloatFusedMultiply
{
    /// <summary>
    /// ±(x · y) ± z with one rounding.
    /// </summary>
    /// <param name="x">First factor.</param>
    /// <param name="y">Second factor.</param>
    /// <param name="z">Addend.</param>
    /// <param name="negateProduct">FNMADD and FNMSUB.</param>
    /// <param name="negateAddend">FMSUB and FNMSUB.</param>
    /// <param name="format">Format of operands and result.</param>
    /// <param name="env">Rounding, masks and flags.</param>
    public static FloatValue MultiplyAdd(
        in FloatValue x, in FloatValue y, in FloatValue z, bool negateProduct, bool negateAddend, in FloatFormat format,
        ref FloatEnvironment env)
    {
        if (PropagatesNaN(x, y, z, ref env, out FloatValue nan))
            return nan;
        bool negative = x.Negative ^ y.Negative ^ negateProduct, addendNegative = z.Negative ^ negateAddend;
        bool infinite = x.IsInfinity || y.IsInfinity;
        if (infinite && (x.IsZero || y.IsZero || (z.IsInfinity && addendNegative != negative)))
            return FloatNaN.Invalid(ref env);
        FloatArithmetic.ReportDenormals(x, y, ref env);
        FloatArithmetic.ReportDenormals(z, z, ref env);
        env.RoundedUp = false;
        if (infinite)
            return FloatValue.Infinity(negative);
        if (z.IsInfinity)
            return FloatValue.Infinity(addendNegative);
        if (x.IsZero || y.IsZero)
            return WithZeroProduct(negative, z.WithSign(addendNegative), format, ref env);
        UInt128 product = (UInt128)x.Significand * y.Significand;
        int exponent = x.Exponent + y.Exponent + 1, shift = FloatRounding.LeadingZeroCount(product);
        (product, exponent) = (product << shift, exponent - shift);
        return z.IsZero
            ? FloatRounding.Round(negative, exponent, product, format, ref env)
            : FloatArithmetic.AddFinite(
                negative, exponent, product, addendNegative, z.Exponent, (UInt128)z.Significand << 64, format, ref env);
    }

    private static FloatValue WithZeroProduct(
        bool negative, in FloatValue addend, in FloatFormat format, ref FloatEnvironment env)
    {
        if (!addend.IsZero)
            return FloatArithmetic.Rounded(addend, format, ref env);
        return FloatValue.Zero(negative == addend.Negative ? negative : env.Rounding == RoundingMode.Down);
    }

    /// <summary>The first NaN of x, y, z wins; infinity times zero with a NaN addend is not invalid.</summary>
    private static bool PropagatesNaN(
        in FloatValue x, in FloatValue y, in FloatValue z, ref FloatEnvironment env, out FloatValue result)
    {
        result = x.IsNaN ? x.Quieted : y.IsNaN ? y.Quieted : z.Quieted;
        if (!x.IsNaN && !y.IsNaN && !z.IsNaN)
            return false;
        if (IsSignalling(x) || IsSignalling(y) || IsSignalling(z))
            env.Raise(FloatFlags.Invalid);
        return true;
    }

    private static bool IsSignalling(in FloatValue value) => value.Kind == FloatKind.SignallingNaN;
}

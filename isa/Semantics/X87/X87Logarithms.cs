using Iced.Intel;
using Seamsim.Isa.Semantics.Float;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.X87;

/// <summary>F2XM1, FYL2X, FYL2XP1. SDM vol. 1, 8.3.9; vol. 2A, named after the instructions.</summary>
internal static class X87Logarithms
{
    /// <summary>F2XM1: outside −1..1 the manual leaves the result undefined; here it is the operand.</summary>
    public static Outcome F2xm1(Core core, in Instruction i, X87Stack st)
    {
        if (st.IsEmpty(0))
            return st.Underflow(0);
        FloatEnvironment env = st.Environment();
        FloatValue value = st.Value(0);
        return st.Finish(0, PowerMinusOne(value, ref env), env);
    }

    public static Outcome Fyl2x(Core core, in Instruction i, X87Stack st)
    {
        if (st.IsEmpty(0) || st.IsEmpty(1))
            return st.Underflow(1, pops: 1);
        FloatEnvironment env = st.Environment();
        FloatValue result = TimesLog2(st.Value(1), st.Value(0), ref env);
        return st.Finish(1, result, env, pops: 1);
    }

    public static Outcome Fyl2xp1(Core core, in Instruction i, X87Stack st)
    {
        if (st.IsEmpty(0) || st.IsEmpty(1))
            return st.Underflow(1, pops: 1);
        FloatEnvironment env = st.Environment();
        FloatValue result = TimesLog2OnePlus(st.Value(1), st.Value(0), ref env);
        return st.Finish(1, result, env, pops: 1);
    }

    private static FloatValue PowerMinusOne(in FloatValue x, ref FloatEnvironment env)
    {
        if (FloatNaN.Propagates(x, ref env, out FloatValue nan))
            return nan;
        FloatArithmetic.ReportDenormals(x, x, ref env);
        if (x.IsInfinity)
            return x.Negative ? FloatValue.FromMagnitude(true, 1) : x;
        if (x.IsZero || x.Exponent >= 0)
            return IsMinusOne(x) ? FloatValue.Finite(true, -1, FloatValue.IntegerBit) : x; // 2^1 - 1 = 1, too
        return WideFunctions.PowerOfTwoMinusOne(WideFloat.From(x)).Round(FloatFormat.Extended, ref env);
    }

    private static bool IsMinusOne(in FloatValue x) =>
        x is { Negative: true, Exponent: 0, Significand: FloatValue.IntegerBit };

    /// <summary>y · log2(x). SDM vol. 2A, table 3-48.</summary>
    private static FloatValue TimesLog2(in FloatValue y, in FloatValue x, ref FloatEnvironment env)
    {
        if (FloatNaN.Propagates(y, x, ref env, out FloatValue nan))
            return nan;
        if (x.Negative && !x.IsZero)
            return FloatNaN.Invalid(ref env);
        if (x.IsZero)
            return OfZero(y, ref env);
        bool isOne = x is { IsFinite: true, Exponent: 0, Significand: FloatValue.IntegerBit };
        if ((isOne && y.IsInfinity) || (x.IsInfinity && y.IsZero))
            return FloatNaN.Invalid(ref env);
        FloatArithmetic.ReportDenormals(y, x, ref env);
        bool negative = y.Negative != (x.IsFinite && x.Exponent < 0);
        if (x.IsInfinity || y.IsInfinity)
            return FloatValue.Infinity(negative);
        if (isOne || y.IsZero)
            return FloatValue.Zero(negative);
        if (x.Significand == FloatValue.IntegerBit) // a power of two: the logarithm is an integer
            return TimesInteger(y, x.Exponent, ref env);
        WideFloat product = WideFunctions.Log2(WideFloat.From(x)) * WideFloat.From(y);
        return product.Round(FloatFormat.Extended, ref env);
    }

    private static FloatValue OfZero(in FloatValue y, ref FloatEnvironment env)
    {
        if (y.IsZero)
            return FloatNaN.Invalid(ref env);
        if (y.IsFinite)
            env.Raise(FloatFlags.DivideByZero);
        return FloatValue.Infinity(!y.Negative);
    }

    /// <summary>PE is reported as for every other logarithm, though the result may be exact.</summary>
    private static FloatValue TimesInteger(in FloatValue y, int integer, ref FloatEnvironment env)
    {
        FloatValue factor = FloatValue.FromMagnitude(integer < 0, (ulong)Math.Abs(integer));
        env.Raise(FloatFlags.Precision);
        return FloatArithmetic.Multiply(y with { WasDenormal = false }, factor, FloatFormat.Extended, ref env);
    }

    /// <summary>
    /// y · log2(1 + x); outside ±(1 − √2/2) the manual leaves the result undefined: here it is the logarithm.
    /// </summary>
    private static FloatValue TimesLog2OnePlus(in FloatValue y, in FloatValue x, ref FloatEnvironment env)
    {
        if (FloatNaN.Propagates(y, x, ref env, out FloatValue nan))
            return nan;
        bool belowDomain = x.Negative && !x.IsZero && (x.IsInfinity || x.Exponent >= 0);
        if (belowDomain || (y.IsInfinity && x.IsZero) || (x.IsInfinity && y.IsZero))
            return FloatNaN.Invalid(ref env);
        FloatArithmetic.ReportDenormals(y, x, ref env);
        bool negative = y.Negative != x.Negative;
        if (x.IsInfinity || y.IsInfinity)
            return FloatValue.Infinity(negative);
        if (x.IsZero || y.IsZero)
            return FloatValue.Zero(negative);
        WideFloat wide = WideFloat.From(x);
        WideFloat logarithm = x.Exponent < -1
            ? WideFunctions.Log2OnePlus(wide)
            : WideFunctions.Log2(wide + WideFloat.One);
        return (logarithm * WideFloat.From(y)).Round(FloatFormat.Extended, ref env);
    }
}

using Iced.Intel;
using Seamsim.Isa.Semantics.Float;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.X87;

/// <summary>FPREM and FPREM1. SDM vol. 2A, named after the instructions.</summary>
internal static class X87Remainder
{
    /// <summary>Exponents this far apart are reduced in more than one step.</summary>
    private const int OneStep = 64;

    public static Outcome Fprem(Core core, in Instruction i, X87Stack st) => Apply(st, nearest: false);

    public static Outcome Fprem1(Core core, in Instruction i, X87Stack st) => Apply(st, nearest: true);

    private static Outcome Apply(X87Stack st, bool nearest)
    {
        st.SetConditions(X87Status.C1 | X87Status.C2, 0);
        if (st.IsEmpty(0) || st.IsEmpty(1))
            return st.Underflow(0);
        FloatEnvironment env = st.Environment();
        FloatValue result = Remainder(st.Value(0), st.Value(1), nearest, ref env, out int conditions);
        if (!st.Report(env))
            return Outcome.Next;
        if (result.Kind <= FloatKind.Infinity)
            st.SetConditions(X87Status.Conditions, conditions);
        st[0] = Extended80.Pack(result);
        return Outcome.Next;
    }

    private static FloatValue Remainder(
        in FloatValue dividend, in FloatValue divisor, bool nearest, ref FloatEnvironment env, out int conditions)
    {
        conditions = 0;
        if (FloatNaN.Propagates(dividend, divisor, ref env, out FloatValue nan))
            return nan;
        if (dividend.IsInfinity || divisor.IsZero)
            return FloatNaN.Invalid(ref env);
        FloatArithmetic.ReportDenormals(dividend, divisor, ref env);
        if (dividend.IsZero)
            return dividend;
        int distance = dividend.Exponent - divisor.Exponent;
        if (divisor.IsInfinity || distance < -1)
            return FloatArithmetic.Rounded(dividend, FloatFormat.Extended, ref env);
        if (distance >= OneStep)
        {
            // a partial step of 32 to 63 bits that leaves a multiple of 32 (the manual leaves the choice)
            conditions = X87Status.C2;
            int step = (distance & 31) | 32;
            return Reduce(dividend, divisor, distance - step, step, nearest: false, ref env, out _);
        }
        FloatValue result = Reduce(dividend, divisor, 0, distance, nearest, ref env, out ulong quotient);
        conditions = ((quotient & 1) != 0 ? X87Status.C1 : 0) | ((quotient & 2) != 0 ? X87Status.C3 : 0)
            | ((quotient & 4) != 0 ? X87Status.C0 : 0);
        return result;
    }

    /// <summary>dividend − divisor · 2^scale · quotient, where the quotient has at most distance + 1 bits.</summary>
    private static FloatValue Reduce(
        in FloatValue dividend, in FloatValue divisor, int scale, int distance, bool nearest, ref FloatEnvironment env,
        out ulong quotient)
    {
        // In units of the lowest bit of the divisor (or of half of it, when the dividend lies one binade below).
        int lift = distance < 0 ? 1 : 0;
        UInt128 by = (UInt128)divisor.Significand << lift;
        (UInt128 whole, UInt128 rest) = UInt128.DivRem((UInt128)dividend.Significand << (distance + lift), by);
        bool negative = dividend.Negative;
        if (nearest && (rest << 1 > by || (rest << 1 == by && ((ulong)whole & 1) != 0)))
        {
            whole++;
            rest = by - rest;
            negative = !negative;
        }
        quotient = (ulong)whole;
        if (rest == 0)
            return FloatValue.Zero(dividend.Negative);
        return FloatRounding.Round(negative, divisor.Exponent + scale - lift + 64, rest, FloatFormat.Extended, ref env);
    }
}

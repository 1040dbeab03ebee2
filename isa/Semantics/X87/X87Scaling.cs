using Iced.Intel;
using Seamsim.Isa.Semantics.Float;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.X87;

/// <summary>FSCALE and FXTRACT. SDM vol. 2A, named after the instructions.</summary>
internal static class X87Scaling
{
    /// <summary>Beyond this every result over- or underflows, whatever ST(0) is.</summary>
    private const int ScaleLimit = 1 << 16;

    public static Outcome Fscale(Core core, in Instruction i, X87Stack st)
    {
        if (st.IsEmpty(0) || st.IsEmpty(1))
            return st.Underflow(0);
        FloatEnvironment env = st.Environment();
        FloatValue result = Scale(st.Value(0), st.Value(1), ref env);
        return st.Finish(0, result, env);
    }

    public static Outcome Fxtract(Core core, in Instruction i, X87Stack st)
    {
        if (st.IsEmpty(0) || !st.IsEmpty(-1))
        {
            if (!st.Fault(overflow: !st.IsEmpty(0)))
                return Outcome.Next;
            st[0] = Extended80.Pack(FloatValue.Indefinite);
            st.Push(Extended80.Pack(FloatValue.Indefinite));
            return Outcome.Next;
        }
        FloatEnvironment env = st.Environment();
        Split(st.Value(0), ref env, out FloatValue exponent, out FloatValue significand);
        if (!st.Report(env))
            return Outcome.Next;
        st[0] = Extended80.Pack(exponent);
        st.Push(Extended80.Pack(significand));
        return Outcome.Next;
    }

    private static FloatValue Scale(in FloatValue value, in FloatValue scale, ref FloatEnvironment env)
    {
        if (FloatNaN.Propagates(value, scale, ref env, out FloatValue nan))
            return nan;
        bool invalid = scale.IsInfinity && (scale.Negative ? value.IsInfinity : value.IsZero);
        if (invalid)
            return FloatNaN.Invalid(ref env);
        FloatArithmetic.ReportDenormals(value, scale, ref env);
        if (scale.IsInfinity)
            return scale.Negative ? FloatValue.Zero(value.Negative) : FloatValue.Infinity(value.Negative);
        if (!value.IsFinite || scale.IsZero)
            return value.IsFinite ? FloatArithmetic.Rounded(value, FloatFormat.Extended, ref env) : value;
        int by = 0;
        if (scale.Exponent >= 16)
            by = ScaleLimit;
        else if (scale.Exponent >= 0)
            by = (int)(scale.Significand >> (63 - scale.Exponent));
        FloatValue scaled = value with { Exponent = value.Exponent + (scale.Negative ? -by : by) };
        return FloatArithmetic.Rounded(scaled, FloatFormat.Extended, ref env);
    }

    private static void Split(in FloatValue value, ref FloatEnvironment env, out FloatValue exponent,
        out FloatValue significand)
    {
        if (FloatNaN.Propagates(value, ref env, out FloatValue nan))
        {
            exponent = significand = nan;
            return;
        }
        FloatArithmetic.ReportDenormals(value, value, ref env);
        significand = value.IsFinite ? value with { Exponent = 0 } : value;
        exponent = FloatValue.Infinity(negative: false);
        if (value.IsZero)
        {
            env.Raise(FloatFlags.DivideByZero);
            exponent = FloatValue.Infinity(negative: true);
        }
        else if (value.IsFinite)
        {
            exponent = FloatValue.FromMagnitude(value.Exponent < 0, (ulong)Math.Abs(value.Exponent));
        }
    }
}

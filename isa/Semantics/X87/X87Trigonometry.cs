using Iced.Intel;
using Seamsim.Isa.Semantics.Float;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.X87;

/// <summary>FSIN, FCOS, FSINCOS, FPTAN, FPATAN. SDM vol. 1, 8.3.7; vol. 2A, named after the instructions.</summary>
internal static class X87Trigonometry
{
    public static Outcome Fsin(Core core, in Instruction i, X87Stack st) => One(st, sine: true);

    public static Outcome Fcos(Core core, in Instruction i, X87Stack st) => One(st, sine: false);

    public static Outcome Fsincos(Core core, in Instruction i, X87Stack st) => Two(st, tangent: false);

    public static Outcome Fptan(Core core, in Instruction i, X87Stack st) => Two(st, tangent: true);

    public static Outcome Fpatan(Core core, in Instruction i, X87Stack st)
    {
        if (st.IsEmpty(0) || st.IsEmpty(1))
            return st.Underflow(1, pops: 1);
        FloatEnvironment env = st.Environment();
        FloatValue result = ArcTangent(st.Value(1), st.Value(0), ref env);
        return st.Finish(1, result, env, pops: 1);
    }

    private static Outcome One(X87Stack st, bool sine)
    {
        st.SetConditions(X87Status.C1 | X87Status.C2, 0);
        if (st.IsEmpty(0))
            return st.Underflow(0);
        FloatValue value = st.Value(0);
        if (IsOutOfRange(st, value))
            return Outcome.Next;
        FloatEnvironment env = st.Environment();
        if (TrySpecial(value, ref env, out FloatValue result))
            return st.Finish(0, result, env);
        FloatArithmetic.ReportDenormals(value, value, ref env);
        return st.Finish(0, sine ? Sine(value, ref env) : Cosine(value, ref env), env);
    }

    /// <summary>The result in ST(0), and the cosine, or 1 beside a tangent, pushed.</summary>
    private static Outcome Two(X87Stack st, bool tangent)
    {
        st.SetConditions(X87Status.C1 | X87Status.C2, 0);
        if (st.IsEmpty(0) || !st.IsEmpty(-1))
            return StackFault(st, overflow: !st.IsEmpty(0));
        FloatValue value = st.Value(0);
        if (IsOutOfRange(st, value))
            return Outcome.Next;
        FloatEnvironment env = st.Environment();
        FloatValue second;
        if (TrySpecial(value, ref env, out FloatValue first))
        {
            second = first;
        }
        else
        {
            FloatArithmetic.ReportDenormals(value, value, ref env);
            second = tangent ? FloatValue.FromMagnitude(false, 1) : Cosine(value, ref env);
            first = tangent ? Tangent(value, ref env) : Sine(value, ref env);
        }
        if (!st.Report(env))
            return Outcome.Next;
        st[0] = Extended80.Pack(first);
        st.Push(Extended80.Pack(second));
        return Outcome.Next;
    }

    private static Outcome StackFault(X87Stack st, bool overflow)
    {
        if (!st.Fault(overflow))
            return Outcome.Next;
        st[0] = Extended80.Pack(FloatValue.Indefinite);
        st.Push(Extended80.Pack(FloatValue.Indefinite));
        return Outcome.Next;
    }

    /// <summary>Sets C2 and leaves the operand for the program to reduce.</summary>
    private static bool IsOutOfRange(X87Stack st, in FloatValue value)
    {
        bool outside = value.IsFinite && value.Exponent >= X87ArgumentReduction.OutOfRangeExponent;
        if (outside)
            st.SetConditions(X87Status.C2, X87Status.C2);
        return outside;
    }

    private static bool TrySpecial(in FloatValue value, ref FloatEnvironment env, out FloatValue result)
    {
        if (FloatNaN.Propagates(value, ref env, out result))
            return true;
        if (!value.IsInfinity)
            return false;
        result = FloatNaN.Invalid(ref env);
        return true;
    }

    private static FloatValue Sine(in FloatValue value, ref FloatEnvironment env)
    {
        if (value.IsZero)
            return value;
        WideFloat rest = X87ArgumentReduction.Reduce(value, out int quadrant);
        WideFloat sine = (quadrant & 1) == 0 ? WideFunctions.Sine(rest) : WideFunctions.Cosine(rest);
        return Rounded(quadrant >= 2 != value.Negative ? -sine : sine, ref env);
    }

    private static FloatValue Cosine(in FloatValue value, ref FloatEnvironment env)
    {
        if (value.IsZero)
            return FloatValue.FromMagnitude(false, 1);
        WideFloat rest = X87ArgumentReduction.Reduce(value, out int quadrant);
        WideFloat cosine = (quadrant & 1) == 0 ? WideFunctions.Cosine(rest) : WideFunctions.Sine(rest);
        return Rounded(quadrant is 1 or 2 ? -cosine : cosine, ref env);
    }

    private static FloatValue Tangent(in FloatValue value, ref FloatEnvironment env)
    {
        if (value.IsZero)
            return value;
        WideFloat rest = X87ArgumentReduction.Reduce(value, out int quadrant);
        WideFloat sine = WideFunctions.Sine(rest), cosine = WideFunctions.Cosine(rest);
        WideFloat tangent = (quadrant & 1) == 0 ? sine / cosine : -(cosine / sine);
        return Rounded(value.Negative ? -tangent : tangent, ref env);
    }

    /// <summary>The angle of (x, y) in all four quadrants. SDM vol. 2A, table 3-30.</summary>
    private static FloatValue ArcTangent(in FloatValue y, in FloatValue x, ref FloatEnvironment env)
    {
        if (FloatNaN.Propagates(y, x, ref env, out FloatValue nan))
            return nan;
        FloatArithmetic.ReportDenormals(y, x, ref env);
        if ((y.IsZero || (y.IsFinite && x.IsInfinity)) && !x.Negative)
            return FloatValue.Zero(y.Negative);
        WideFloat angle = FirstQuadrant(y, x);
        if (x.Negative)
            angle = WideFunctions.Pi - angle;
        return Rounded(angle with { Negative = y.Negative }, ref env);
    }

    /// <summary>Arcus tangent of |y / x|; infinite operands count as equal.</summary>
    private static WideFloat FirstQuadrant(in FloatValue y, in FloatValue x)
    {
        int order = FloatComparison.CompareMagnitudes(y, x);
        if (y.IsInfinity && x.IsInfinity)
            return WideFunctions.Pi.Scaled(-2);
        if (y.IsZero || x.IsInfinity)
            return default;
        if (x.IsZero || y.IsInfinity)
            return WideFunctions.Pi.Scaled(-1);
        WideFloat small = WideFloat.From(order > 0 ? x : y) with { Negative = false };
        WideFloat large = WideFloat.From(order > 0 ? y : x) with { Negative = false };
        WideFloat angle = WideFunctions.ArcTangent(small / large);
        return order > 0 ? WideFunctions.Pi.Scaled(-1) - angle : angle;
    }

    private static FloatValue Rounded(WideFloat value, ref FloatEnvironment env) =>
        value.Round(FloatFormat.Extended, ref env);
}

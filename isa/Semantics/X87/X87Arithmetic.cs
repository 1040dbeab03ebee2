using Iced.Intel;
using Seamsim.Isa.Semantics.Float;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.X87;

/// <summary>
/// Arithmetic with one rounding to the precision in force. SDM vol. 1, 8.3.5; vol. 2A, named after the instructions.
/// </summary>
internal static class X87Arithmetic
{
    private delegate FloatValue Binary(in FloatValue a, in FloatValue b, in FloatFormat format,
        ref FloatEnvironment env);

    public static Outcome Fadd(Core core, in Instruction i, X87Stack st) => Apply(core, i, st, FloatArithmetic.Add);

    public static Outcome Fsub(Core core, in Instruction i, X87Stack st) =>
        Apply(core, i, st, FloatArithmetic.Subtract);

    public static Outcome Fsubr(Core core, in Instruction i, X87Stack st) =>
        Apply(core, i, st, FloatArithmetic.Subtract, reversed: true);

    public static Outcome Fmul(Core core, in Instruction i, X87Stack st) =>
        Apply(core, i, st, FloatArithmetic.Multiply);

    public static Outcome Fdiv(Core core, in Instruction i, X87Stack st) => Apply(core, i, st, FloatArithmetic.Divide);

    public static Outcome Fdivr(Core core, in Instruction i, X87Stack st) =>
        Apply(core, i, st, FloatArithmetic.Divide, reversed: true);

    public static Outcome Faddp(Core core, in Instruction i, X87Stack st) =>
        Apply(core, i, st, FloatArithmetic.Add, pops: 1);

    public static Outcome Fsubp(Core core, in Instruction i, X87Stack st) =>
        Apply(core, i, st, FloatArithmetic.Subtract, pops: 1);

    public static Outcome Fsubrp(Core core, in Instruction i, X87Stack st) =>
        Apply(core, i, st, FloatArithmetic.Subtract, reversed: true, pops: 1);

    public static Outcome Fmulp(Core core, in Instruction i, X87Stack st) =>
        Apply(core, i, st, FloatArithmetic.Multiply, pops: 1);

    public static Outcome Fdivp(Core core, in Instruction i, X87Stack st) =>
        Apply(core, i, st, FloatArithmetic.Divide, pops: 1);

    public static Outcome Fdivrp(Core core, in Instruction i, X87Stack st) =>
        Apply(core, i, st, FloatArithmetic.Divide, reversed: true, pops: 1);

    public static Outcome Fsqrt(Core core, in Instruction i, X87Stack st)
    {
        if (st.IsEmpty(0))
            return st.Underflow(0);
        FloatEnvironment env = st.Environment();
        FloatValue result = FloatArithmetic.SquareRoot(st.Value(0), st.Target, ref env);
        return st.Finish(0, result, env);
    }

    /// <summary>FRNDINT rounds by RC.</summary>
    public static Outcome Frndint(Core core, in Instruction i, X87Stack st)
    {
        if (st.IsEmpty(0))
            return st.Underflow(0);
        FloatEnvironment env = st.Environment();
        FloatValue value = st.Value(0);
        FloatArithmetic.ReportDenormals(value, value, ref env);
        FloatValue result = FloatInteger.RoundToIntegral(value, env.Rounding, 0, reportPrecision: true, ref env);
        return st.Finish(0, result, env);
    }

    public static Outcome Fabs(Core core, in Instruction i, X87Stack st) => SetSign(st, static _ => false);

    public static Outcome Fchs(Core core, in Instruction i, X87Stack st) => SetSign(st, static negative => !negative);

    private static Outcome SetSign(X87Stack st, Func<bool, bool> change)
    {
        const int sign = 0x8000;
        if (st.IsEmpty(0))
            return st.Underflow(0);
        st.SetConditions(X87Status.C1, 0);
        Extended80 value = st[0];
        int magnitude = value.SignExponent & ~sign;
        st[0] = value with { SignExponent = (ushort)(change(value.Negative) ? magnitude | sign : magnitude) };
        return Outcome.Next;
    }

    private static Outcome Apply(
        Core core, in Instruction i, X87Stack st, Binary operation, bool reversed = false, int pops = 0)
    {
        if (!X87Operands.TryRead(core, i, st, out X87Pair pair))
            return Outcome.Fault;
        if (pair.Empty)
            return st.Underflow(pair.Destination, pops);
        FloatEnvironment env = st.Environment();
        FloatValue result = reversed
            ? operation(pair.Second, pair.First, st.Target, ref env)
            : operation(pair.First, pair.Second, st.Target, ref env);
        return st.Finish(pair.Destination, result, env, pops);
    }
}

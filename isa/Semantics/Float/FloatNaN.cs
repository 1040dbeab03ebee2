namespace Seamsim.Isa.Semantics.Float;

/// <summary>NaN operands. SDM vol. 1, 4.8.3.5 and table 4-7.</summary>
internal static class FloatNaN
{
    /// <summary>
    /// Whether either operand decides the result by being a NaN or unsupported; then <paramref name="result"/> is it.
    /// </summary>
    public static bool Propagates(in FloatValue a, in FloatValue b, ref FloatEnvironment env, out FloatValue result)
    {
        result = default;
        if (a.Kind <= FloatKind.Infinity && b.Kind <= FloatKind.Infinity)
            return false;
        result = Choose(a, b, ref env);
        return true;
    }

    /// <summary>The same for one operand.</summary>
    public static bool Propagates(in FloatValue a, ref FloatEnvironment env, out FloatValue result) =>
        Propagates(a, FloatValue.Zero(false), ref env, out result);

    /// <summary>Reports an invalid operation and returns the indefinite.</summary>
    public static FloatValue Invalid(ref FloatEnvironment env)
    {
        env.RoundedUp = false;
        env.Raise(FloatFlags.Invalid);
        return FloatValue.Indefinite;
    }

    private static FloatValue Choose(in FloatValue a, in FloatValue b, ref FloatEnvironment env)
    {
        env.RoundedUp = false;
        if (a.Kind == FloatKind.Unsupported || b.Kind == FloatKind.Unsupported)
            return Invalid(ref env);
        if (a.Kind == FloatKind.SignallingNaN || b.Kind == FloatKind.SignallingNaN)
            env.Raise(FloatFlags.Invalid);
        if (!b.IsNaN || (a.IsNaN && env.NanRule == NanRule.FirstOperand))
            return a.Quieted;
        if (!a.IsNaN)
            return b.Quieted;
        if (a.Kind != b.Kind)
            return a.Kind == FloatKind.QuietNaN ? a : b;
        FloatValue first = a.Quieted, second = b.Quieted;
        if (first.Significand != second.Significand)
            return first.Significand > second.Significand ? first : second;
        return first.Negative ? second : first; // equal significands: the positive one
    }
}

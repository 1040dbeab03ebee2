namespace Seamsim.Isa.Semantics.Float;

/// <summary>How two numbers relate.</summary>
internal enum FloatRelation : byte
{
    Less,
    Equal,
    Greater,
    Unordered,
}

/// <summary>Comparison. IEEE 754-2019, 5.11.</summary>
internal static class FloatComparison
{
    /// <summary>Relates two numbers; a QNaN is invalid only for signalling comparisons.</summary>
    public static FloatRelation Compare(in FloatValue a, in FloatValue b, bool signalling, ref FloatEnvironment env)
    {
        env.RoundedUp = false;
        if (a.Kind > FloatKind.Infinity || b.Kind > FloatKind.Infinity)
        {
            bool quiet = a.Kind <= FloatKind.QuietNaN && b.Kind <= FloatKind.QuietNaN;
            if (signalling || !quiet)
                env.Raise(FloatFlags.Invalid);
            return FloatRelation.Unordered;
        }
        FloatArithmetic.ReportDenormals(a, b, ref env);
        return Relate(a, b);
    }

    /// <summary>The relation of two numbers that are not NaN.</summary>
    public static FloatRelation Relate(in FloatValue a, in FloatValue b)
    {
        if (a.IsZero && b.IsZero)
            return FloatRelation.Equal;
        if (a.Negative != b.Negative || a.IsZero || b.IsZero)
            return (a.IsZero ? !b.Negative : a.Negative) ? FloatRelation.Less : FloatRelation.Greater;
        int magnitude = CompareMagnitudes(a, b);
        if (magnitude == 0)
            return FloatRelation.Equal;
        return magnitude < 0 != a.Negative ? FloatRelation.Less : FloatRelation.Greater;
    }

    /// <summary>Order of the magnitudes of two numbers that are not NaN.</summary>
    public static int CompareMagnitudes(in FloatValue a, in FloatValue b)
    {
        if (a.Kind != b.Kind)
            return a.Kind.CompareTo(b.Kind); // zero, finite, infinity
        return a.Exponent != b.Exponent ? a.Exponent.CompareTo(b.Exponent) : a.Significand.CompareTo(b.Significand);
    }

    /// <summary>One of the 32 predicates of CMPPS and its kin.</summary>
    public static bool Holds(int predicate, in FloatValue a, in FloatValue b, ref FloatEnvironment env) =>
        CmpPredicates.Holds(predicate, Compare(a, b, CmpPredicates.Signals(predicate), ref env));
}

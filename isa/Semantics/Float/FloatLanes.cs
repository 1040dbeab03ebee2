namespace Seamsim.Isa.Semantics.Float;

/// <summary>Operations on packed numbers that hand an operand through unchanged.</summary>
internal static class FloatLanes
{
    /// <summary>
    /// MINPS and its kin: the second operand when either is a NaN or both are zeros. SDM vol. 2B, "MINPS".
    /// </summary>
    public static ulong Minimum(ulong a, ulong b, in FloatFormat format, ref FloatEnvironment env) =>
        Pick(a, b, FloatRelation.Less, format, ref env);

    /// <summary>
    /// MAXPS and its kin: the second operand when either is a NaN or both are zeros. SDM vol. 2B, "MAXPS".
    /// </summary>
    public static ulong Maximum(ulong a, ulong b, in FloatFormat format, ref FloatEnvironment env) =>
        Pick(a, b, FloatRelation.Greater, format, ref env);

    private static ulong Pick(ulong a, ulong b, FloatRelation first, in FloatFormat format, ref FloatEnvironment env)
    {
        FloatValue x = format.Unpack(a, env), y = format.Unpack(b, env);
        bool picksFirst = FloatComparison.Compare(x, y, signalling: true, ref env) == first;
        ulong picked = picksFirst ? a : b;
        return (picksFirst ? x : y).IsZero ? picked & (1UL << (format.Width - 1)) : picked; // DAZ
    }
}

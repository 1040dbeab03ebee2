namespace Seamsim.Isa.Semantics.Float.Simd;

/// <summary>ROUNDPS and its kin: rounding control and "inexact" in the immediate. SDM vol. 2B, "ROUNDPS", figure 4-24.</summary>
internal readonly struct RoundFloat : IFloatElement
{
    private const uint FromMxcsr = 4, NoPrecision = 8;

    public static ulong Define(ulong dst, ulong a, ulong rm, uint imm, in FloatFormat format, ref FloatEnvironment env)
    {
        RoundingMode mode = (imm & FromMxcsr) != 0 ? env.Rounding : (RoundingMode)(imm & 3);
        FloatValue value = format.Unpack(rm, env);
        return format.Pack(FloatInteger.RoundToIntegral(value, mode, 0, (imm & NoPrecision) == 0, ref env));
    }
}

using System.Runtime.CompilerServices;
using Seamsim.Isa.Semantics.Simd;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Float.Simd;

/// <summary>
/// bfloat16 from single precision: round to nearest, denormals count as zeros, MXCSR neither read nor written. SDM vol.
/// 2C, "VCVTNE2PS2BF16", convert_fp32_to_bfloat16.
/// </summary>
internal static class BFloat16
{
    private static FloatEnvironment Environment => FloatEnvironment.Quiet with { Daz = true, Ftz = true };

    public static ushort From(uint single)
    {
        FloatEnvironment env = Environment;
        FloatValue value = FloatFormat.Binary32.Unpack(single, env);
        return (ushort)FloatFormat.BFloat16.Pack(FloatArithmetic.Convert(value, FloatFormat.BFloat16, ref env));
    }

    /// <summary>
    /// VDPBF16PS: two products added to an element, each step rounded to nearest even, denormals as zeros.
    /// </summary>
    public static uint DotProduct(uint sum, uint pairA, uint pairB)
    {
        uint high = MultiplyAdd(pairA & 0xFFFF0000, pairB & 0xFFFF0000, sum);
        return MultiplyAdd(pairA << 16, pairB << 16, high);
    }

    private static uint MultiplyAdd(uint a, uint b, uint c)
    {
        FloatEnvironment env = Environment;
        FloatFormat format = FloatFormat.Binary32;
        return (uint)format.Pack(FloatFusedMultiply.MultiplyAdd(
            format.Unpack(a, env), format.Unpack(b, env), format.Unpack(c, env), false, false, format, ref env));
    }
}

/// <summary>VCVTNEPS2BF16.</summary>
internal readonly unsafe struct SingleToBFloat16 : IWholeOperation
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < bytes / 4; i++)
            ((ushort*)d)[i] = BFloat16.From(((uint*)rm)[i]);
    }
}

/// <summary>VCVTNE2PS2BF16: the second operand in the lower half, the first in the upper one.</summary>
internal readonly unsafe struct TwoSinglesToBFloat16 : IWholeOperation
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        int half = bytes / 4;
        for (int i = 0; i < half; i++)
        {
            ((ushort*)d)[i] = BFloat16.From(((uint*)rm)[i]);
            ((ushort*)d)[half + i] = BFloat16.From(((uint*)a)[i]);
        }
    }
}

/// <summary>VDPBF16PS.</summary>
internal readonly unsafe struct DotProductBFloat16 : IWholeOperation
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < bytes / 4; i++)
            ((uint*)d)[i] = BFloat16.DotProduct(((uint*)dst)[i], ((uint*)a)[i], ((uint*)rm)[i]);
    }
}

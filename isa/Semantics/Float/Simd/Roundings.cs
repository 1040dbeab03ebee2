using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Seamsim.Isa.Semantics.Simd;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Float.Simd;

/// <summary>How many fraction bits a rounding keeps.</summary>
internal interface IFractionBits
{
    static abstract int Of(uint imm);
}

/// <summary>None: ROUNDPS.</summary>
internal readonly struct NoFraction : IFractionBits
{
    public static int Of(uint imm) => 0;
}

/// <summary>The number in imm[7:4]: VRNDSCALEPS.</summary>
internal readonly struct FractionOfImmediate : IFractionBits
{
    public static int Of(uint imm) => (int)(imm >> 4 & 15);
}

/// <summary>
/// ROUNDPS, VRNDSCALEPS and their kin: rounding control and "inexact" in the immediate. SDM vol. 2B, "ROUNDPS", figure
/// 4-24; vol. 2C, "VRNDSCALEPS".
/// </summary>
internal readonly unsafe struct RoundFloat<T, TCount, TFraction> : IVectorOperation
    where T : unmanaged where TCount : struct, IElementCount where TFraction : struct, IFractionBits
{
    private const uint FromMxcsr = 4, NoPrecision = 8;

    public static bool RaisesExceptions => true;

    public static int ImmediateBitsPerLane => 0;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Vector128<byte> Apply(LogicalProcessor* lp, Vector128<byte> dst, Vector128<byte> a, Vector128<byte> b,
        Vector128<byte> rm, uint imm)
    {
        FloatEnvironment env = FloatType<T>.Environment(lp);
        RoundingMode mode = (imm & FromMxcsr) != 0 ? env.Rounding : (RoundingMode)(imm & 3);
        bool report = (imm & NoPrecision) == 0;
        int fraction = TFraction.Of(imm);
        for (int i = 0; i < (TCount.IsScalar ? 1 : 16 / sizeof(T)); i++)
            if (fraction != 0 || !FastConversion.TryRound<T>(lp, (byte*)&rm, (byte*)&a, i, mode, report))
                FloatType<T>.Pack((byte*)&a, i, FloatInteger.RoundToIntegral(
                    FloatType<T>.Unpack((byte*)&rm, i, env), mode, fraction, report, ref env));
        lp->SimdRaised |= (uint)env.Raised;
        return a;
    }
}

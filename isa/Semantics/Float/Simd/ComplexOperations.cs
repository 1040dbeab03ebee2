using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Seamsim.Isa.Semantics.Simd;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Float.Simd;

/// <summary>Whether the second factor of a complex product is conjugated.</summary>
internal interface IConjugation
{
    static abstract bool IsConjugate { get; }
}

/// <summary>VFMULCPH, VFMADDCPH.</summary>
internal readonly struct Plain : IConjugation
{
    public static bool IsConjugate => false;
}

/// <summary>VFCMULCPH, VFCMADDCPH.</summary>
internal readonly struct Conjugate : IConjugation
{
    public static bool IsConjugate => true;
}

/// <summary>Whether a complex product is added to the destination.</summary>
internal interface IAccumulation
{
    static abstract bool Accumulates { get; }
}

/// <summary>VFMULCPH, VFCMULCPH.</summary>
internal readonly struct Product : IAccumulation
{
    public static bool Accumulates => false;
}

/// <summary>VFMADDCPH, VFCMADDCPH.</summary>
internal readonly struct Accumulated : IAccumulation
{
    public static bool Accumulates => true;
}

/// <summary>
/// Complex products of half precision: pairs of elements, real part first; two roundings for each part. SDM vol. 2C,
/// "VFCMADDCPH/VFMADDCPH", "VFCMULCPH/VFMULCPH".
/// </summary>
internal readonly unsafe struct ComplexFloat<TConjugation, TAccumulation, TCount> : IVectorOperation
    where TConjugation : struct, IConjugation where TAccumulation : struct, IAccumulation
    where TCount : struct, IElementCount
{
    private const int Pairs = 4;

    public static bool RaisesExceptions => true;

    public static int ImmediateBitsPerLane => 0;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Vector128<byte> Apply(LogicalProcessor* lp, Vector128<byte> dst, Vector128<byte> a, Vector128<byte> b,
        Vector128<byte> rm, uint imm)
    {
        FloatEnvironment env = FloatType<Half>.Environment(lp);
        Vector128<byte> result = a;
        for (int i = 0; i < (TCount.IsScalar ? 1 : Pairs); i++)
        {
            int real = 2 * i, imaginary = real + 1;
            ulong first = Start(dst, a, rm, real, real, ref env), second = Start(dst, a, rm, imaginary, real, ref env);
            FloatType<Half>.Write((byte*)&result, real,
                Fuse(Part(a, imaginary), Part(rm, imaginary), first, !TConjugation.IsConjugate, ref env));
            FloatType<Half>.Write((byte*)&result, imaginary,
                Fuse(Part(a, real), Part(rm, imaginary), second, TConjugation.IsConjugate, ref env));
        }
        lp->SimdRaised |= (uint)env.Raised;
        return result;
    }

    /// <summary>A part of the first factor times the real part of the second one.</summary>
    private static ulong Start(
        Vector128<byte> dst, Vector128<byte> a, Vector128<byte> rm, int part, int real, ref FloatEnvironment env)
    {
        if (TAccumulation.Accumulates)
            return Fuse(Part(a, part), Part(rm, real), Part(dst, part), negates: false, ref env);
        FloatFormat format = FloatFormat.Binary16;
        return format.Pack(FloatArithmetic.Multiply(
            format.Unpack(Part(a, part), env), format.Unpack(Part(rm, real), env), format, ref env));
    }

    private static ulong Fuse(ulong x, ulong y, ulong z, bool negates, ref FloatEnvironment env)
    {
        FloatFormat format = FloatFormat.Binary16;
        return format.Pack(FloatFusedMultiply.MultiplyAdd(
            format.Unpack(x, env), format.Unpack(y, env), format.Unpack(z, env), negates, false, format, ref env));
    }

    private static ulong Part(Vector128<byte> value, int i) => value.AsUInt16().GetElement(i);
}

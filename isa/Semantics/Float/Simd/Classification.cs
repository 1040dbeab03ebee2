using System.Runtime.CompilerServices;
using Seamsim.Isa.Semantics.Simd;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Float.Simd;

/// <summary>
/// VFPCLASSPS and its kin: whether an element is in one of the classes of imm8; no exceptions. SDM vol. 2C.
/// </summary>
internal readonly unsafe struct ClassifyFloat<T, TCount> : IWholeOperation
    where T : unmanaged where TCount : struct, IElementCount
{
    private const uint QuietNaN = 1, PositiveZero = 2, NegativeZero = 4, PositiveInfinity = 8, NegativeInfinity = 16;
    private const uint Denormal = 32, Negative = 64, SignallingNaN = 128;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        FloatEnvironment env = FloatType<T>.Environment(lp);
        ulong mask = 0;
        for (int i = 0; i < (TCount.IsScalar ? 1 : bytes / sizeof(T)); i++)
            mask |= (ClassesOf(FloatType<T>.Unpack(rm, i, env)) & imm) != 0 ? 1UL << i : 0;
        *(ulong*)d = mask;
    }

    private static uint ClassesOf(in FloatValue value) => value.Kind switch
    {
        FloatKind.QuietNaN => QuietNaN,
        FloatKind.SignallingNaN => SignallingNaN,
        FloatKind.Zero => value.Negative ? NegativeZero : PositiveZero,
        FloatKind.Infinity => value.Negative ? NegativeInfinity : PositiveInfinity,
        _ => (value.WasDenormal ? Denormal : 0) | (value.Negative ? Negative : 0),
    };
}

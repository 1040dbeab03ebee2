using Iced.Intel;
using Seamsim.Isa.Semantics.Float.Simd;
using static Iced.Intel.Mnemonic;

namespace Seamsim.Isa.Decode.Simd;

/// <summary>Floating-point instructions that only AVX-512 has. SDM vol. 2C.</summary>
internal static class Avx512FloatRows
{
    public static readonly VectorRow[] Rows =
    [
        new(typeof(PackedElements<GetExponent, float>), Vgetexpps),
        new(typeof(ScalarElement<GetExponent, float>), Vgetexpss) { IsScalar = true },
        new(typeof(PackedElements<GetExponent, double>), Vgetexppd),
        new(typeof(ScalarElement<GetExponent, double>), Vgetexpsd) { IsScalar = true },
        new(typeof(PackedElements<GetMantissa, float>), Vgetmantps),
        new(typeof(ScalarElement<GetMantissa, float>), Vgetmantss) { IsScalar = true },
        new(typeof(PackedElements<GetMantissa, double>), Vgetmantpd),
        new(typeof(ScalarElement<GetMantissa, double>), Vgetmantsd) { IsScalar = true },
        new(typeof(PackedElements<ScaleFloat, float>), Vscalefps),
        new(typeof(ScalarElement<ScaleFloat, float>), Vscalefss) { IsScalar = true },
        new(typeof(PackedElements<ScaleFloat, double>), Vscalefpd),
        new(typeof(ScalarElement<ScaleFloat, double>), Vscalefsd) { IsScalar = true },
        new(typeof(PackedElements<ReduceFloat, float>), Vreduceps),
        new(typeof(ScalarElement<ReduceFloat, float>), Vreducess) { IsScalar = true },
        new(typeof(PackedElements<ReduceFloat, double>), Vreducepd),
        new(typeof(ScalarElement<ReduceFloat, double>), Vreducesd) { IsScalar = true },
        new(typeof(PackedElements<RangeFloat, float>), Vrangeps),
        new(typeof(ScalarElement<RangeFloat, float>), Vrangess) { IsScalar = true },
        new(typeof(PackedElements<RangeFloat, double>), Vrangepd),
        new(typeof(ScalarElement<RangeFloat, double>), Vrangesd) { IsScalar = true },
        new(typeof(PackedElements<FixUpFloat, float>), Vfixupimmps),
        new(typeof(ScalarElement<FixUpFloat, float>), Vfixupimmss) { IsScalar = true },
        new(typeof(PackedElements<FixUpFloat, double>), Vfixupimmpd),
        new(typeof(ScalarElement<FixUpFloat, double>), Vfixupimmsd) { IsScalar = true },
        new(typeof(PackedElements<Reciprocal14, float>), Vrcp14ps),
        new(typeof(ScalarElement<Reciprocal14, float>), Vrcp14ss) { IsScalar = true },
        new(typeof(PackedElements<Reciprocal14, double>), Vrcp14pd),
        new(typeof(ScalarElement<Reciprocal14, double>), Vrcp14sd) { IsScalar = true },
        new(typeof(PackedElements<ReciprocalSquareRoot14, float>), Vrsqrt14ps),
        new(typeof(ScalarElement<ReciprocalSquareRoot14, float>), Vrsqrt14ss) { IsScalar = true },
        new(typeof(PackedElements<ReciprocalSquareRoot14, double>), Vrsqrt14pd),
        new(typeof(ScalarElement<ReciprocalSquareRoot14, double>), Vrsqrt14sd) { IsScalar = true },
        new(typeof(RoundFloat<float, AllElements, FractionOfImmediate>), Vrndscaleps),
        new(typeof(RoundFloat<float, FirstElement, FractionOfImmediate>), Vrndscaless) { IsScalar = true },
        new(typeof(ClassifyFloat<float, AllElements>), Vfpclassps),
        new(typeof(ClassifyFloat<float, FirstElement>), Vfpclassss) { IsScalar = true },
        new(typeof(RoundFloat<double, AllElements, FractionOfImmediate>), Vrndscalepd),
        new(typeof(RoundFloat<double, FirstElement, FractionOfImmediate>), Vrndscalesd) { IsScalar = true },
        new(typeof(ClassifyFloat<double, AllElements>), Vfpclasspd),
        new(typeof(ClassifyFloat<double, FirstElement>), Vfpclasssd) { IsScalar = true },
    ];
}

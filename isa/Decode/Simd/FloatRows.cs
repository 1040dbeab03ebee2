using Iced.Intel;
using Seamsim.Isa.Semantics.Float.Simd;
using static Iced.Intel.Mnemonic;

namespace Seamsim.Isa.Decode.Simd;

/// <summary>Floating-point arithmetic and comparison. SDM vol. 2.</summary>
internal static class FloatRows
{
    /// <summary>All lists of floating-point rows.</summary>
    public static IReadOnlyList<VectorRow>[] Lists =>
        [Arithmetic, Comparison, FloatConversionRows.Rows, FusedRows.Rows, Avx512FloatRows.Rows,
            HalfRows.Arithmetic, HalfRows.Conversions];

    private static readonly VectorRow[] Arithmetic =
    [
        new(typeof(PackedFloat<AddFloat, float>), Addps, Vaddps),
        new(typeof(PackedFloat<AddFloat, double>), Addpd, Vaddpd),
        new(typeof(ScalarFloat<AddFloat, float>), Addss, Vaddss) { IsScalar = true },
        new(typeof(ScalarFloat<AddFloat, double>), Addsd, Vaddsd) { IsScalar = true },
        new(typeof(PackedFloat<SubtractFloat, float>), Subps, Vsubps),
        new(typeof(PackedFloat<SubtractFloat, double>), Subpd, Vsubpd),
        new(typeof(ScalarFloat<SubtractFloat, float>), Subss, Vsubss) { IsScalar = true },
        new(typeof(ScalarFloat<SubtractFloat, double>), Subsd, Vsubsd) { IsScalar = true },
        new(typeof(PackedFloat<MultiplyFloat, float>), Mulps, Vmulps),
        new(typeof(PackedFloat<MultiplyFloat, double>), Mulpd, Vmulpd),
        new(typeof(ScalarFloat<MultiplyFloat, float>), Mulss, Vmulss) { IsScalar = true },
        new(typeof(ScalarFloat<MultiplyFloat, double>), Mulsd, Vmulsd) { IsScalar = true },
        new(typeof(PackedFloat<DivideFloat, float>), Divps, Vdivps),
        new(typeof(PackedFloat<DivideFloat, double>), Divpd, Vdivpd),
        new(typeof(ScalarFloat<DivideFloat, float>), Divss, Vdivss) { IsScalar = true },
        new(typeof(ScalarFloat<DivideFloat, double>), Divsd, Vdivsd) { IsScalar = true },
        new(typeof(PackedFloat<SquareRootFloat, float>), Sqrtps, Vsqrtps),
        new(typeof(PackedFloat<SquareRootFloat, double>), Sqrtpd, Vsqrtpd),
        new(typeof(ScalarFloat<SquareRootFloat, float>), Sqrtss, Vsqrtss) { IsScalar = true },
        new(typeof(ScalarFloat<SquareRootFloat, double>), Sqrtsd, Vsqrtsd) { IsScalar = true },
        new(typeof(ExtremumFloat<Minimum, float, AllElements>), Minps, Vminps),
        new(typeof(ExtremumFloat<Minimum, double, AllElements>), Minpd, Vminpd),
        new(typeof(ExtremumFloat<Minimum, float, FirstElement>), Minss, Vminss) { IsScalar = true },
        new(typeof(ExtremumFloat<Minimum, double, FirstElement>), Minsd, Vminsd) { IsScalar = true },
        new(typeof(ExtremumFloat<Maximum, float, AllElements>), Maxps, Vmaxps),
        new(typeof(ExtremumFloat<Maximum, double, AllElements>), Maxpd, Vmaxpd),
        new(typeof(ExtremumFloat<Maximum, float, FirstElement>), Maxss, Vmaxss) { IsScalar = true },
        new(typeof(ExtremumFloat<Maximum, double, FirstElement>), Maxsd, Vmaxsd) { IsScalar = true },
        new(typeof(HorizontalFloat<AddFloat, float>), Haddps, Vhaddps),
        new(typeof(HorizontalFloat<AddFloat, double>), Haddpd, Vhaddpd),
        new(typeof(HorizontalFloat<SubtractFloat, float>), Hsubps, Vhsubps),
        new(typeof(HorizontalFloat<SubtractFloat, double>), Hsubpd, Vhsubpd),
        new(typeof(AddSubtractFloat<float>), Addsubps, Vaddsubps),
        new(typeof(AddSubtractFloat<double>), Addsubpd, Vaddsubpd),
        new(typeof(DotProduct<float>), Dpps, Vdpps),
        new(typeof(DotProduct<double>), Dppd, Vdppd),
        new(typeof(RoundFloat<float, AllElements, NoFraction>), Roundps, Vroundps),
        new(typeof(RoundFloat<double, AllElements, NoFraction>), Roundpd, Vroundpd),
        new(typeof(RoundFloat<float, FirstElement, NoFraction>), Roundss, Vroundss) { IsScalar = true },
        new(typeof(RoundFloat<double, FirstElement, NoFraction>), Roundsd, Vroundsd) { IsScalar = true },
        new(typeof(PackedApproximation<Reciprocal>), Rcpps, Vrcpps),
        new(typeof(ScalarApproximation<Reciprocal>), Rcpss, Vrcpss) { IsScalar = true },
        new(typeof(PackedApproximation<ReciprocalSquareRoot>), Rsqrtps, Vrsqrtps),
        new(typeof(ScalarApproximation<ReciprocalSquareRoot>), Rsqrtss, Vrsqrtss) { IsScalar = true },
    ];

    private static readonly VectorRow[] Comparison =
    [
        new(typeof(CompareFloat<float, EightPredicates, AllElements>), Cmpps),
        new(typeof(CompareFloat<double, EightPredicates, AllElements>), Cmppd),
        new(typeof(CompareFloat<float, EightPredicates, FirstElement>), Cmpss) { IsScalar = true },
        new(typeof(CompareFloat<double, EightPredicates, FirstElement>), Cmpsd) { IsScalar = true },
        new(typeof(CompareToMask<float, AllElements>), Vcmpps) { Only = IsToMask },
        new(typeof(CompareToMask<double, AllElements>), Vcmppd) { Only = IsToMask },
        new(typeof(CompareToMask<float, FirstElement>), Vcmpss) { IsScalar = true, Only = IsToMask },
        new(typeof(CompareToMask<double, FirstElement>), Vcmpsd) { IsScalar = true, Only = IsToMask },
        new(typeof(CompareFloat<float, AllPredicates, AllElements>), Vcmpps),
        new(typeof(CompareFloat<double, AllPredicates, AllElements>), Vcmppd),
        new(typeof(CompareFloat<float, AllPredicates, FirstElement>), Vcmpss) { IsScalar = true },
        new(typeof(CompareFloat<double, AllPredicates, FirstElement>), Vcmpsd) { IsScalar = true },
        new(null, Vcomiss) { Special = CompareFlags<float, Ordered>.Quiet, Only = IsQuiet },
        new(null, Vcomisd) { Special = CompareFlags<double, Ordered>.Quiet, Only = IsQuiet },
        new(null, Vucomiss) { Special = CompareFlags<float, Unordered>.Quiet, Only = IsQuiet },
        new(null, Vucomisd) { Special = CompareFlags<double, Unordered>.Quiet, Only = IsQuiet },
        new(typeof(CompareFlags<float, Ordered>), Comiss, Vcomiss) { IsScalar = true },
        new(typeof(CompareFlags<double, Ordered>), Comisd, Vcomisd) { IsScalar = true },
        new(typeof(CompareFlags<float, Unordered>), Ucomiss, Vucomiss) { IsScalar = true },
        new(typeof(CompareFlags<double, Unordered>), Ucomisd, Vucomisd) { IsScalar = true },
        new(null, Ldmxcsr, Vldmxcsr) { Special = MxcsrOperations.Load },
        new(null, Stmxcsr, Vstmxcsr) { Special = MxcsrOperations.Store },
    ];

    internal static bool IsToMask(in Instruction i) => i.Op0Register.IsK();

    internal static bool IsQuiet(in Instruction i) => i.SuppressAllExceptions;
}

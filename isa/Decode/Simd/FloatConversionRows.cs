using Iced.Intel;
using Seamsim.Isa.Semantics.Float.Simd;
using static Iced.Intel.Mnemonic;

namespace Seamsim.Isa.Decode.Simd;

/// <summary>Conversions. SDM vol. 2A, 2C.</summary>
internal static class FloatConversionRows
{
    public static readonly VectorRow[] Rows =
    [
        // packed, to integers
        new(typeof(ToIntegers<float, int, ByControl>), Cvtps2dq, Vcvtps2dq),
        new(typeof(ToIntegers<float, int, Truncated>), Cvttps2dq, Vcvttps2dq),
        new(typeof(ToIntegers<double, int, ByControl>), Cvtpd2dq, Vcvtpd2dq) { Element = 4, SourceElement = 8 },
        new(typeof(ToIntegers<double, int, Truncated>), Cvttpd2dq, Vcvttpd2dq) { Element = 4, SourceElement = 8 },
        new(typeof(ToMmx<float, ByControl>), Cvtps2pi),
        new(typeof(ToMmx<float, Truncated>), Cvttps2pi),
        new(typeof(ToMmx<double, ByControl>), Cvtpd2pi),
        new(typeof(ToMmx<double, Truncated>), Cvttpd2pi),
        // packed, from integers
        new(typeof(FromIntegers<int, float>), Cvtdq2ps, Vcvtdq2ps),
        new(typeof(FromIntegers<int, double>), Cvtdq2pd, Vcvtdq2pd) { Element = 8 },
        new(typeof(FromMmx<float>), Cvtpi2ps),
        new(typeof(FromMmx<double>), Cvtpi2pd),
        // formats
        new(typeof(FormatConversion<float, double>), Cvtps2pd, Vcvtps2pd) { Element = 8 },
        new(typeof(FormatConversion<double, float>), Cvtpd2ps, Vcvtpd2ps) { Element = 4, SourceElement = 8 },
        new(typeof(ScalarFormatConversion<float, double>), Cvtss2sd, Vcvtss2sd) { IsScalar = true, Element = 8 },
        new(typeof(ScalarFormatConversion<double, float>), Cvtsd2ss, Vcvtsd2ss) { IsScalar = true, Element = 4 },
        new(typeof(HalfToSingle), Vcvtph2ps) { Element = 4 },
        new(typeof(SingleToHalf), Vcvtps2ph) { Element = 2, SourceElement = 4 },
        // AVX-512
        new(typeof(ToIntegers<float, uint, ByControl>), Vcvtps2udq),
        new(typeof(ToIntegers<float, uint, Truncated>), Vcvttps2udq),
        new(typeof(ToIntegers<double, uint, ByControl>), Vcvtpd2udq) { Element = 4, SourceElement = 8 },
        new(typeof(ToIntegers<double, uint, Truncated>), Vcvttpd2udq) { Element = 4, SourceElement = 8 },
        new(typeof(ToIntegers<float, long, ByControl>), Vcvtps2qq) { Element = 8 },
        new(typeof(ToIntegers<float, long, Truncated>), Vcvttps2qq) { Element = 8 },
        new(typeof(ToIntegers<double, long, ByControl>), Vcvtpd2qq),
        new(typeof(ToIntegers<double, long, Truncated>), Vcvttpd2qq),
        new(typeof(ToIntegers<float, ulong, ByControl>), Vcvtps2uqq) { Element = 8 },
        new(typeof(ToIntegers<float, ulong, Truncated>), Vcvttps2uqq) { Element = 8 },
        new(typeof(ToIntegers<double, ulong, ByControl>), Vcvtpd2uqq),
        new(typeof(ToIntegers<double, ulong, Truncated>), Vcvttpd2uqq),
        new(typeof(FromIntegers<uint, float>), Vcvtudq2ps),
        new(typeof(FromIntegers<uint, double>), Vcvtudq2pd) { Element = 8 },
        new(typeof(FromIntegers<long, float>), Vcvtqq2ps) { Element = 4, SourceElement = 8 },
        new(typeof(FromIntegers<long, double>), Vcvtqq2pd),
        new(typeof(FromIntegers<ulong, float>), Vcvtuqq2ps) { Element = 4, SourceElement = 8 },
        new(typeof(FromIntegers<ulong, double>), Vcvtuqq2pd),
        new(typeof(ToInteger<float, ulong, ByControl>), Vcvtss2usi) { IsScalar = true, Only = Is64 },
        new(typeof(ToInteger<float, uint, ByControl>), Vcvtss2usi) { IsScalar = true },
        new(typeof(ToInteger<float, ulong, Truncated>), Vcvttss2usi) { IsScalar = true, Only = Is64 },
        new(typeof(ToInteger<float, uint, Truncated>), Vcvttss2usi) { IsScalar = true },
        new(typeof(ToInteger<double, ulong, ByControl>), Vcvtsd2usi) { IsScalar = true, Only = Is64 },
        new(typeof(ToInteger<double, uint, ByControl>), Vcvtsd2usi) { IsScalar = true },
        new(typeof(ToInteger<double, ulong, Truncated>), Vcvttsd2usi) { IsScalar = true, Only = Is64 },
        new(typeof(ToInteger<double, uint, Truncated>), Vcvttsd2usi) { IsScalar = true },
        new(typeof(FromInteger<ulong, float>), Vcvtusi2ss) { IsScalar = true, Only = IsFrom64 },
        new(typeof(FromInteger<uint, float>), Vcvtusi2ss) { IsScalar = true },
        new(typeof(FromInteger<ulong, double>), Vcvtusi2sd) { IsScalar = true, Only = IsFrom64 },
        new(typeof(FromInteger<uint, double>), Vcvtusi2sd) { IsScalar = true },
        new(typeof(SingleToBFloat16), Vcvtneps2bf16) { Element = 2, SourceElement = 4 },
        new(typeof(TwoSinglesToBFloat16), Vcvtne2ps2bf16) { Element = 2, IsMixing = true },
        new(typeof(DotProductBFloat16), Vdpbf16ps) { Element = 4 },
        // scalar, general registers
        new(typeof(ToInteger<float, long, ByControl>), Cvtss2si, Vcvtss2si) { IsScalar = true, Only = Is64 },
        new(typeof(ToInteger<float, int, ByControl>), Cvtss2si, Vcvtss2si) { IsScalar = true },
        new(typeof(ToInteger<float, long, Truncated>), Cvttss2si, Vcvttss2si) { IsScalar = true, Only = Is64 },
        new(typeof(ToInteger<float, int, Truncated>), Cvttss2si, Vcvttss2si) { IsScalar = true },
        new(typeof(ToInteger<double, long, ByControl>), Cvtsd2si, Vcvtsd2si) { IsScalar = true, Only = Is64 },
        new(typeof(ToInteger<double, int, ByControl>), Cvtsd2si, Vcvtsd2si) { IsScalar = true },
        new(typeof(ToInteger<double, long, Truncated>), Cvttsd2si, Vcvttsd2si) { IsScalar = true, Only = Is64 },
        new(typeof(ToInteger<double, int, Truncated>), Cvttsd2si, Vcvttsd2si) { IsScalar = true },
        new(typeof(FromInteger<long, float>), Cvtsi2ss, Vcvtsi2ss) { IsScalar = true, Only = IsFrom64 },
        new(typeof(FromInteger<int, float>), Cvtsi2ss, Vcvtsi2ss) { IsScalar = true },
        new(typeof(FromInteger<long, double>), Cvtsi2sd, Vcvtsi2sd) { IsScalar = true, Only = IsFrom64 },
        new(typeof(FromInteger<int, double>), Cvtsi2sd, Vcvtsi2sd) { IsScalar = true },
    ];

    /// <summary>The destination is a 64-bit register.</summary>
    internal static bool Is64(in Instruction i) => i.Op0Register.GetSize() == 8;

    /// <summary>The last operand is a 64-bit register or memory of 8 bytes.</summary>
    internal static bool IsFrom64(in Instruction i)
    {
        int last = i.OpCount - 1;
        return i.GetOpKind(last) == OpKind.Memory
            ? i.MemorySize.GetSize() == 8
            : i.GetOpRegister(last).GetSize() == 8;
    }
}

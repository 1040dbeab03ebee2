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
        new(typeof(ToIntegers<double, int, ByControl>), Cvtpd2dq, Vcvtpd2dq) { Element = 4 },
        new(typeof(ToIntegers<double, int, Truncated>), Cvttpd2dq, Vcvttpd2dq) { Element = 4 },
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
        new(typeof(FormatConversion<double, float>), Cvtpd2ps, Vcvtpd2ps) { Element = 4 },
        new(typeof(ScalarFormatConversion<float, double>), Cvtss2sd, Vcvtss2sd) { IsScalar = true, Element = 8 },
        new(typeof(ScalarFormatConversion<double, float>), Cvtsd2ss, Vcvtsd2ss) { IsScalar = true, Element = 4 },
        new(typeof(HalfToSingle), Vcvtph2ps) { Element = 4 },
        new(typeof(SingleToHalf), Vcvtps2ph) { Element = 2 },
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

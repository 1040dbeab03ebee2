using Iced.Intel;
using Seamsim.Isa.Semantics.Float;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Isa.Float;

/// <summary>
/// The software core against the processor the tests run on: values and flags, all roundings, DAZ and FTZ.
/// </summary>
public sealed unsafe class HostAgreementTests
{
    private const int Rounds = 20_000;

    private delegate ulong Operation(ulong a, ulong b, ulong c, ulong rax, FloatFormat format,
        ref FloatEnvironment env);

    private static IEnumerable<TestCaseData> Arithmetic()
    {
        foreach ((string name, Action<Assembler> single, Action<Assembler> twice, Operation operation) in Rows())
        {
            yield return new TestCaseData(single, FloatFormat.Binary32, operation).SetArgDisplayNames($"{name} single");
            yield return new TestCaseData(twice, FloatFormat.Binary64, operation).SetArgDisplayNames($"{name} double");
        }
    }

    private static IEnumerable<(string, Action<Assembler>, Action<Assembler>, Operation)> Rows()
    {
        yield return ("add", a => a.addss(xmm0, xmm1), a => a.addsd(xmm0, xmm1),
            (ulong a, ulong b, ulong _, ulong _, FloatFormat f, ref FloatEnvironment env) =>
                f.Pack(FloatArithmetic.Add(f.Unpack(a, env), f.Unpack(b, env), f, ref env)));
        yield return ("sub", a => a.subss(xmm0, xmm1), a => a.subsd(xmm0, xmm1),
            (ulong a, ulong b, ulong _, ulong _, FloatFormat f, ref FloatEnvironment env) =>
                f.Pack(FloatArithmetic.Subtract(f.Unpack(a, env), f.Unpack(b, env), f, ref env)));
        yield return ("mul", a => a.mulss(xmm0, xmm1), a => a.mulsd(xmm0, xmm1),
            (ulong a, ulong b, ulong _, ulong _, FloatFormat f, ref FloatEnvironment env) =>
                f.Pack(FloatArithmetic.Multiply(f.Unpack(a, env), f.Unpack(b, env), f, ref env)));
        yield return ("div", a => a.divss(xmm0, xmm1), a => a.divsd(xmm0, xmm1),
            (ulong a, ulong b, ulong _, ulong _, FloatFormat f, ref FloatEnvironment env) =>
                f.Pack(FloatArithmetic.Divide(f.Unpack(a, env), f.Unpack(b, env), f, ref env)));
        yield return ("sqrt", a => a.sqrtss(xmm0, xmm1), a => a.sqrtsd(xmm0, xmm1),
            (ulong a, ulong b, ulong _, ulong _, FloatFormat f, ref FloatEnvironment env) =>
                f.Pack(FloatArithmetic.SquareRoot(f.Unpack(b, env), f, ref env)));
        yield return ("min", a => a.minss(xmm0, xmm1), a => a.minsd(xmm0, xmm1),
            (ulong a, ulong b, ulong _, ulong _, FloatFormat f, ref FloatEnvironment env) =>
                FloatLanes.Minimum(a, b, f, ref env));
        yield return ("max", a => a.maxss(xmm0, xmm1), a => a.maxsd(xmm0, xmm1),
            (ulong a, ulong b, ulong _, ulong _, FloatFormat f, ref FloatEnvironment env) =>
                FloatLanes.Maximum(a, b, f, ref env));
        yield return ("fmadd213", a => a.vfmadd213ss(xmm0, xmm1, xmm2), a => a.vfmadd213sd(xmm0, xmm1, xmm2),
            (ulong a, ulong b, ulong c, ulong _, FloatFormat f, ref FloatEnvironment env) => f.Pack(
                FloatFusedMultiply.MultiplyAdd(f.Unpack(b, env), f.Unpack(a, env), f.Unpack(c, env), false, false, f,
                    ref env)));
        yield return ("fmsub132", a => a.vfmsub132ss(xmm0, xmm1, xmm2), a => a.vfmsub132sd(xmm0, xmm1, xmm2),
            (ulong a, ulong b, ulong c, ulong _, FloatFormat f, ref FloatEnvironment env) => f.Pack(
                FloatFusedMultiply.MultiplyAdd(f.Unpack(a, env), f.Unpack(c, env), f.Unpack(b, env), false, true, f,
                    ref env)));
        yield return ("fnmadd231", a => a.vfnmadd231ss(xmm0, xmm1, xmm2), a => a.vfnmadd231sd(xmm0, xmm1, xmm2),
            (ulong a, ulong b, ulong c, ulong _, FloatFormat f, ref FloatEnvironment env) => f.Pack(
                FloatFusedMultiply.MultiplyAdd(f.Unpack(b, env), f.Unpack(c, env), f.Unpack(a, env), true, false, f,
                    ref env)));
        yield return ("fnmsub213", a => a.vfnmsub213ss(xmm0, xmm1, xmm2), a => a.vfnmsub213sd(xmm0, xmm1, xmm2),
            (ulong a, ulong b, ulong c, ulong _, FloatFormat f, ref FloatEnvironment env) => f.Pack(
                FloatFusedMultiply.MultiplyAdd(f.Unpack(b, env), f.Unpack(a, env), f.Unpack(c, env), true, true, f,
                    ref env)));
        for (int predicate = 0; predicate < 32; predicate++)
        {
            byte p = (byte)predicate;
            yield return ($"cmp {p:x2}", a => a.vcmpss(xmm0, xmm0, xmm1, p), a => a.vcmpsd(xmm0, xmm0, xmm1, p),
                (ulong a, ulong b, ulong _, ulong _, FloatFormat f, ref FloatEnvironment env) =>
                    FloatComparison.Holds(p, f.Unpack(a, env), f.Unpack(b, env),
                        ref env) ? ulong.MaxValue >> (64 - f.Width) : 0);
        }
        for (int mode = 0; mode < 16; mode++)
        {
            byte m = (byte)mode;
            yield return ($"round {m:x}", a => a.roundss(xmm0, xmm1, m), a => a.roundsd(xmm0, xmm1, m),
                (ulong _, ulong b, ulong _, ulong _, FloatFormat f, ref FloatEnvironment env) =>
                    f.Pack(FloatInteger.RoundToIntegral(f.Unpack(b, env), (m & 4) != 0 ? env.Rounding : (RoundingMode)(
                        m & 3),
                        0, (m & 8) == 0, ref env)));
        }
        yield return ("from int64", a => a.cvtsi2ss(xmm0, rax), a => a.cvtsi2sd(xmm0, rax),
            (ulong _, ulong _, ulong _, ulong rax, FloatFormat f, ref FloatEnvironment env) =>
                f.Pack(FloatInteger.FromInteger(rax, true, f, ref env)));
        yield return ("convert", a => a.cvtsd2ss(xmm0, xmm1), a => a.cvtss2sd(xmm0, xmm1),
            (ulong _, ulong b, ulong _, ulong _, FloatFormat f, ref FloatEnvironment env) =>
            {
                FloatFormat other = f == FloatFormat.Binary32 ? FloatFormat.Binary64 : FloatFormat.Binary32;
                return f.Pack(FloatArithmetic.Convert(other.Unpack(b, env), f, ref env));
            });
    }

    [TestCaseSource(nameof(Arithmetic))]
    public void Results_and_flags_agree(object body, object format, object operation)
    {
        if (!HostVectorCode.IsAvailable)
            Assert.Ignore("needs Linux on x86-64");
        FloatFormat f = (FloatFormat)format;
        using HostVectorCode host = new((Action<Assembler>)body);
        FloatSamples samples = new(20260301);
        ulong mask = ulong.MaxValue >> (64 - f.Width);
        for (int i = 0; i < Rounds; i++)
        {
            ulong a = samples.Next(f), b = samples.Next(f), c = samples.Next(f),
                rax = samples.Bits() >> samples.Below(64);
            if (samples.Below(3) == 0)
                b = samples.Next(FloatFormat.Binary64); // the other format's operand of a conversion
            if (samples.Below(6) == 0)
                b = a ^ (ulong)samples.Below(3);
            HostFrame frame = new() { Mxcsr = samples.Mxcsr(), Rax = rax };
            (frame.Vector0[0], frame.Vector1[0], frame.Vector2[0]) = (a, b, c);
            FloatEnvironment env = FloatEnvironment.FromMxcsr(frame.Mxcsr);
            uint control = frame.Mxcsr;
            ulong result = ((Operation)operation)(a & mask, b, c & mask, rax, f, ref env) & mask;
            host.Run(ref frame);
            string operands = $"{a:x} {b:x} {c:x} rax={rax:x} mxcsr={control:x}";
            Assert.That(result.ToString("x"), Is.EqualTo((frame.Vector0[0] & mask).ToString("x")), operands);
            Assert.That(env.Raised, Is.EqualTo((FloatFlags)(frame.Mxcsr & 0x3F)), operands);
        }
    }

    private static IEnumerable<TestCaseData> IntegerRows()
    {
        (string, Action<Assembler>, FloatFormat, int, bool, bool)[] rows =
        [
            ("cvtss2si r32", a => a.cvtss2si(eax, xmm1), FloatFormat.Binary32, 32, true, false),
            ("cvtss2si r64", a => a.cvtss2si(rax, xmm1), FloatFormat.Binary32, 64, true, false),
            ("cvtsd2si r32", a => a.cvtsd2si(eax, xmm1), FloatFormat.Binary64, 32, true, false),
            ("cvtsd2si r64", a => a.cvtsd2si(rax, xmm1), FloatFormat.Binary64, 64, true, false),
            ("cvttss2si r32", a => a.cvttss2si(eax, xmm1), FloatFormat.Binary32, 32, true, true),
            ("cvttsd2si r64", a => a.cvttsd2si(rax, xmm1), FloatFormat.Binary64, 64, true, true),
            ("vcvtss2usi r32", a => a.vcvtss2usi(eax, xmm1), FloatFormat.Binary32, 32, false, false),
            ("vcvtsd2usi r64", a => a.vcvtsd2usi(rax, xmm1), FloatFormat.Binary64, 64, false, false),
            ("vcvttsd2usi r32", a => a.vcvttsd2usi(eax, xmm1), FloatFormat.Binary64, 32, false, true),
        ];
        foreach ((string name, Action<Assembler> body, FloatFormat format, int bits, bool signed,
            bool truncate) in rows)
            yield return new TestCaseData(body, format, bits, signed, truncate).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(IntegerRows))]
    public void Integers_and_flags_agree(object body, object format, int bits, bool signed, bool truncate)
    {
        if (!HostVectorCode.IsAvailable || (!signed && !System.Runtime.Intrinsics.X86.Avx512F.IsSupported))
            Assert.Ignore("needs Linux on x86-64, and AVX-512 for unsigned integers");
        FloatFormat f = (FloatFormat)format;
        using HostVectorCode host = new((Action<Assembler>)body);
        FloatSamples samples = new(20260302);
        for (int i = 0; i < Rounds; i++)
        {
            HostFrame frame = new() { Mxcsr = samples.Mxcsr() };
            ulong b = samples.Next(f);
            if (samples.Below(2) == 0) // near the ends of the range
            {
                FloatEnvironment down = FloatEnvironment.Quiet;
                b = f.Pack(FloatInteger.FromInteger(ulong.MaxValue << samples.Below(64) ^ samples.Bits() % 9, signed, f,
                    ref down));
            }
            frame.Vector1[0] = b;
            FloatEnvironment env = FloatEnvironment.FromMxcsr(frame.Mxcsr);
            string operands = $"{b:x} mxcsr={frame.Mxcsr:x}";
            ulong result = FloatInteger.ToInteger(
                f.Unpack(b, env), bits, signed, truncate ? RoundingMode.TowardZero : env.Rounding, ref env);
            host.Run(ref frame);
            Assert.That(result, Is.EqualTo(frame.Rax), operands);
            Assert.That(env.Raised, Is.EqualTo((FloatFlags)(frame.Mxcsr & 0x3F)), operands);
        }
    }
}

using Seamsim.Isa.Semantics.Float;

namespace Seamsim.Tests.Isa.Float;

/// <summary>
/// Half precision against double precision rounded once: with 11 and 53 bits the second rounding changes nothing. No
/// host at hand has AVX512-FP16.
/// </summary>
public sealed class HalfTests
{
    private const int Rounds = 200_000;

    private delegate FloatValue Operation(
        in FloatValue a, in FloatValue b, in FloatFormat format, ref FloatEnvironment env);

    private static FloatFormat Format => FloatFormat.Binary16;

    [Test]
    public void Sums_differences_products_and_quotients_are_correctly_rounded()
    {
        Check(FloatArithmetic.Add, (a, b) => a + b);
        Check(FloatArithmetic.Subtract, (a, b) => a - b);
        Check(FloatArithmetic.Multiply, (a, b) => a * b);
        Check(FloatArithmetic.Divide, (a, b) => a / b);
    }

    [Test]
    public void Square_roots_are_correctly_rounded()
    {
        for (int bits = 0; bits < 0x7C00; bits++)
        {
            FloatEnvironment env = FloatEnvironment.Quiet;
            ulong root = Format.Pack(FloatArithmetic.SquareRoot(Format.Unpack((ulong)bits, env), Format, ref env));
            Assert.That(root, Is.EqualTo(Bits((Half)Math.Sqrt(Value((ulong)bits)))), $"{bits:x}");
        }
    }

    [Test]
    public void Every_number_survives_single_and_double_precision()
    {
        for (ulong bits = 0; bits < 0x10000; bits++)
        {
            FloatEnvironment env = FloatEnvironment.Quiet;
            FloatValue half = Format.Unpack(bits, env);
            foreach (FloatFormat wide in (FloatFormat[])[FloatFormat.Binary32, FloatFormat.Binary64])
            {
                ulong converted = wide.Pack(FloatArithmetic.Convert(half, wide, ref env));
                FloatValue back = FloatArithmetic.Convert(wide.Unpack(converted, env), Format, ref env);
                ulong expected = half.IsNaN ? Format.Pack(half.Quieted) : bits;
                Assert.That(Format.Pack(back), Is.EqualTo(expected), $"{bits:x}");
            }
            Assert.That(env.Raised & (FloatFlags.Precision | FloatFlags.Underflow | FloatFlags.Overflow), Is.EqualTo(
                FloatFlags.None));
        }
    }

    private static void Check(Operation operation, Func<double, double, double> expected)
    {
        FloatSamples samples = new(20260306);
        for (int i = 0; i < Rounds; i++)
        {
            ulong a = samples.Next(Format), b = samples.Next(Format);
            FloatEnvironment env = FloatEnvironment.Quiet;
            FloatValue x = Format.Unpack(a, env), y = Format.Unpack(b, env);
            ulong result = Format.Pack(operation(x, y, Format, ref env));
            double exact = expected(Value(a), Value(b));
            if (double.IsNaN(exact))
                Assert.That(Format.Unpack(result, env).Kind, Is.EqualTo(FloatKind.QuietNaN), $"{a:x} {b:x}");
            else
                Assert.That(result, Is.EqualTo(Bits((Half)exact)), $"{a:x} {b:x}");
        }
    }

    private static double Value(ulong bits) => (double)BitConverter.UInt16BitsToHalf((ushort)bits);

    private static ulong Bits(Half value) => BitConverter.HalfToUInt16Bits(value);
}

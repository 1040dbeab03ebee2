using Seamsim.Isa.Semantics.Float;
using Seamsim.Isa.Semantics.Float.Simd;

namespace Seamsim.Tests.Isa.Float;

/// <summary>
/// The error bounds the manual gives for approximations. SDM vol. 2B, "RCPPS", "RSQRTPS"; vol. 2C, "VRCP14PS".
/// </summary>
public sealed class ApproximationTests
{
    private const int Rounds = 300_000;

    [Test]
    public void RCPPS_and_RSQRTPS_err_by_less_than_three_halves_of_2_to_the_minus_12()
    {
        double bound = 1.5 * Math.Pow(2, -12);
        FloatSamples samples = new(20260307);
        for (int i = 0; i < Rounds; i++)
        {
            uint bits = Normal(samples);
            double x = BitConverter.UInt32BitsToSingle(bits);
            Expect(Reciprocal.Of(bits), 1 / x, bound, bits);
            Expect(ReciprocalSquareRoot.Of(bits & 0x7FFFFFFF), 1 / Math.Sqrt(Math.Abs(x)), bound, bits);
        }
    }

    [Test]
    public void VRCP14PS_and_VRSQRT14PS_err_by_less_than_2_to_the_minus_14()
    {
        double bound = Math.Pow(2, -14);
        FloatSamples samples = new(20260308);
        FloatFormat format = FloatFormat.Binary32;
        for (int i = 0; i < Rounds; i++)
        {
            uint bits = Normal(samples);
            double x = BitConverter.UInt32BitsToSingle(bits);
            FloatEnvironment env = FloatEnvironment.Quiet;
            Expect(Reciprocal14.Define(0, 0, bits, 0, format, ref env), 1 / x, bound, bits);
            ulong root = ReciprocalSquareRoot14.Define(0, 0, bits & 0x7FFFFFFF, 0, format, ref env);
            Expect(root, 1 / Math.Sqrt(Math.Abs(x)), bound, bits);
        }
    }

    // operand, RCPPS, RSQRTPS
    [TestCase(0x00000000u, 0x7F800000u, 0x7F800000u)]
    [TestCase(0x80000000u, 0xFF800000u, 0xFF800000u)]
    [TestCase(0x00000001u, 0x7F800000u, 0x7F800000u, TestName = "a denormal counts as zero")]
    [TestCase(0x80000001u, 0xFF800000u, 0xFF800000u, TestName = "a negative denormal counts as negative zero")]
    [TestCase(0x7F800000u, 0x00000000u, 0x00000000u)]
    [TestCase(0xFF800000u, 0x80000000u, 0xFFC00000u)]
    [TestCase(0x7F800001u, 0x7FC00001u, 0x7FC00001u, TestName = "a signalling NaN becomes quiet")]
    [TestCase(0xFFC12345u, 0xFFC12345u, 0xFFC12345u)]
    public void Special_operands(uint bits, uint reciprocal, uint root)
    {
        Assert.That(Reciprocal.Of(bits), Is.EqualTo(reciprocal));
        Assert.That(ReciprocalSquareRoot.Of(bits), Is.EqualTo(root));
    }

    private static void Expect(ulong bits, double exact, double bound, uint operand)
    {
        double value = BitConverter.UInt32BitsToSingle((uint)bits);
        if (Math.Abs(exact) is < 1.2e-38 or > 3.4e38)
            return; // below the normal range results are flushed, or denormal
        Assert.That(Math.Abs(value - exact) / Math.Abs(exact), Is.LessThanOrEqualTo(bound), $"{operand:x8}");
    }

    private static uint Normal(FloatSamples samples) =>
        (uint)samples.Bits() & 0x807FFFFF | (uint)(1 + samples.Below(254)) << 23;
}

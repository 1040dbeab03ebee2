using Iced.Intel;
using Seamsim.Isa.Decode;
using Seamsim.Tests.Isa.Forms;

namespace Seamsim.Tests.Isa.Integer;

/// <summary>LOCK before every form of every mode. SDM vol. 2, "LOCK".</summary>
public sealed class LockTests
{
    private static readonly Mnemonic[] Lockable =
    [
        Mnemonic.Add, Mnemonic.Adc, Mnemonic.And, Mnemonic.Btc, Mnemonic.Btr, Mnemonic.Bts, Mnemonic.Cmpxchg,
        Mnemonic.Cmpxchg8b, Mnemonic.Cmpxchg16b, Mnemonic.Dec, Mnemonic.Inc, Mnemonic.Neg, Mnemonic.Not, Mnemonic.Or,
        Mnemonic.Sbb, Mnemonic.Sub, Mnemonic.Xor, Mnemonic.Xadd, Mnemonic.Xchg,
    ];

    [TestCase(16)]
    [TestCase(32)]
    [TestCase(64)]
    public void It_is_defined_before_an_update_of_memory_only(int bits)
    {
        using ModelRig model = new();
        FeatureGate features = model.Rig.Core.Features;
        FormEncoder encoder = new(new OperandRandom(1));
        int defined = 0;
        foreach (OpCodeInfo form in Enum.GetValues<Code>().Select(c => c.ToOpCode()).Where(f => f.IsInstruction))
        {
            if (!encoder.TryEncode(form, bits, 0x1000, out ReadOnlySpan<byte> plain) || plain.Length >= 15 || plain[0] == 0xF0)
                continue;
            if (!TryDecode(features, bits, plain, out Instruction without))
                continue;
            bool expected = Lockable.Contains(without.Mnemonic) && without.Op0Kind == OpKind.Memory;
            bool locks = TryDecode(features, bits, [0xF0, .. plain], out Instruction with);
            Assert.That(locks, Is.EqualTo(expected), $"{form.Code} {Convert.ToHexString(plain)} {with.Code}");
            defined += locks ? 1 : 0;
        }
        Assert.That(defined, Is.GreaterThan(25));
    }

    private static bool TryDecode(FeatureGate features, int bits, ReadOnlySpan<byte> code, out Instruction instruction)
    {
        Decoder.Create(bits, code.ToArray(), features.Options).Decode(out instruction);
        features.Apply(ref instruction);
        return !instruction.IsInvalid;
    }
}

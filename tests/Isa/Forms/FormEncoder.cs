using Iced.Intel;

namespace Seamsim.Tests.Isa.Forms;

/// <summary>Random valid encodings of forms in code of any size.</summary>
internal sealed class FormEncoder
{
    private const int Tries = 30;

    private readonly OperandRandom random;
    private readonly RandomPlacer placer;
    private readonly FormOperands operands;
    private readonly Bytes writer = new();
    private readonly Iced.Intel.Encoder[] encoders;

    public FormEncoder(OperandRandom random)
    {
        this.random = random;
        placer = new RandomPlacer(random);
        operands = new FormOperands(random, placer);
        encoders = [.. ((int[])[16, 32, 64]).Select(bits => Iced.Intel.Encoder.Create(bits, writer))];
    }

    /// <summary>Encodes a form for code of <paramref name="bits"/>; the bytes are valid until the next call.</summary>
    public bool TryEncode(OpCodeInfo form, int bits, ulong at, out ReadOnlySpan<byte> code)
    {
        (placer.Bits, placer.InstructionAt) = (bits, at);
        Iced.Intel.Encoder encoder = encoders[bits / 32];
        for (int tries = 0; tries < Tries; tries++)
        {
            writer.Length = 0;
            if (operands.TryCreate(form, bits, random.Next(2) == 0, out Instruction instruction)
                && encoder.TryEncode(instruction, at, out _, out _))
            {
                code = writer.Written;
                return true;
            }
        }
        code = default;
        return false;
    }

    private sealed class Bytes : CodeWriter
    {
        private readonly byte[] bytes = new byte[16];

        public int Length { get; set; }

        public ReadOnlySpan<byte> Written => bytes.AsSpan(0, Length);

        public override void WriteByte(byte value)
        {
            if (Length < bytes.Length)
                bytes[Length++] = value;
        }
    }
}

using Iced.Intel;
using Seamsim.Tests.Isa.Forms;

namespace Seamsim.Tests.Isa.Fuzz;

/// <summary>Random instructions: half of them forms with valid encodings, half random bytes.</summary>
internal sealed class FuzzCode
{
    /// <summary>Bytes of the longest sequence.</summary>
    public const int MaxBytes = 128;

    private const byte Int3 = 0xCC;

    private static readonly OpCodeInfo[] All = [.. Enum.GetValues<Code>().Select(code => code.ToOpCode())
        .Where(form => form.IsInstruction)];

    private readonly OperandRandom random;
    private readonly FormEncoder encoder;
    private readonly OpCodeInfo[][] forms;
    private readonly byte[] bytes = new byte[MaxBytes];

    public FuzzCode(OperandRandom random)
    {
        this.random = random;
        encoder = new FormEncoder(random);
        forms =
        [
            [.. All.Where(form => form.Mode16)], [.. All.Where(form => form.Mode32)], [.. All.Where(form => form.Mode64)],
        ];
    }

    /// <summary>Offsets of the instructions, and whether each is a form (true) or random bytes.</summary>
    public List<(int Offset, bool IsForm)> Starts { get; } = [];

    /// <summary>Makes <paramref name="instructions"/> instructions and an INT3 behind them, which ends the block.</summary>
    public ReadOnlySpan<byte> Make(int bits, ulong at, int instructions)
    {
        Starts.Clear();
        int length = 0;
        for (int i = 0; i < instructions; i++)
        {
            bool form = random.Next(2) == 0;
            Starts.Add((length, form));
            length += form ? AddForm(bits, at + (ulong)length, length) : AddBytes(length);
        }
        bytes[length++] = Int3;
        return bytes.AsSpan(0, length);
    }

    private int AddForm(int bits, ulong at, int to)
    {
        OpCodeInfo[] list = forms[bits / 32];
        ReadOnlySpan<byte> code;
        while (!encoder.TryEncode(list[random.Next(list.Length)], bits, at, out code))
        {
            // a form whose operands do not fit together: another one
        }
        code.CopyTo(bytes.AsSpan(to));
        return code.Length;
    }

    /// <summary>Random bytes; often behind an escape or prefix, where most of the opcode space is.</summary>
    private int AddBytes(int to)
    {
        int length = random.Next(1, 13);
        Span<byte> code = bytes.AsSpan(to, length);
        random.NextBytes(code);
        ReadOnlySpan<byte> leads = [0x0F, 0x0F, 0x66, 0xF2, 0xF3, 0x48, 0xC4, 0xC5, 0x62, 0xD9, 0xDF, 0xF0];
        if (random.Next(2) == 0)
            code[0] = leads[random.Next(leads.Length)];
        return length;
    }
}

using Iced.Intel;

namespace Seamsim.TextTraces.Assembling;

/// <summary>
/// Assembles Intel syntax for 64-bit mode. Every form Iced knows is tried: the operands must fit, Iced's encoder must
/// accept
/// it, and Iced's decoder must read the very same instruction back. Of those the shortest wins, then the first in
/// Iced's order.
/// </summary>
internal sealed class TextAssembler
{
    private const int Bitness = 64, Penalty = 100;
    private readonly ByteWriter writer = new();
    private readonly Encoder encoder;

    /// <summary>An assembler.</summary>
    public TextAssembler() => encoder = Encoder.Create(Bitness, writer);

    /// <summary>Assembles one instruction.</summary>
    /// <param name="line">The instruction.</param>
    /// <param name="rip">Where it stands.</param>
    /// <param name="labels">Addresses of labels.</param>
    /// <param name="leastBytes">Shorter encodings are passed over: an instruction that has grown does not shrink
    /// again.</param>
    /// <exception cref="AssemblyException">There is no such instruction, or none with such operands.</exception>
    public byte[] Assemble(AssemblyLine line, ulong rip, Func<string, ulong> labels, int leastBytes = 0)
    {
        IReadOnlyList<InstructionForm> forms = MnemonicTable.Find(line.Mnemonic);
        if (forms.Count == 0)
            throw NoSuchInstruction(line.Mnemonic);
        byte[]? best = null;
        int bestRank = int.MaxValue, sizes = 0;
        Code bestCode = Code.INVALID;
        string? refusal = null;
        SortedSet<int> memory = [];
        foreach (InstructionForm form in forms)
        {
            if (!TryEncode(line, form, rip, labels, ref refusal, out byte[] bytes) || bytes.Length < leastBytes)
                continue;
            int rank = Rank(line, form.Info, bytes);
            if (rank < Penalty && memory.Add(form.Info.MemorySize.GetSize()))
                sizes++;
            if (rank >= bestRank)
                continue;
            (best, bestRank, bestCode) = (bytes, rank, form.Code);
        }
        if (best is null)
            throw new AssemblyException(NothingFits(line, refusal));
        if (sizes > 1 && line.Operands.Any(operand => operand is { Form: OperandForm.Memory, Bytes: 0 }))
            throw new AssemblyException(
                $"{line.Mnemonic}: say how large the memory operand is "
                + $"({string.Join(", ", memory)} bytes are possible), e.g. qword ptr");
        return best;
    }

    private bool TryEncode(
        AssemblyLine line, in InstructionForm form, ulong rip, Func<string, ulong> labels, ref string? refusal,
            out byte[] bytes)
    {
        const int longest = 15;
        bytes = [];
        int length = 0;
        for (int attempt = 0; attempt < 2; attempt++)
        {
            if (new InstructionBuilder(line, form, labels).Build(rip, length) is not { } instruction)
                return false;
            writer.Clear();
            if (!encoder.TryEncode(instruction, rip, out uint encoded, out string? why))
            {
                refusal ??= why;
                return false;
            }
            bytes = writer.ToArray();
            if (encoded > longest || bytes.Length != encoded)
                return false;
            if (attempt == 1 || encoded == length || !NeedsLength(line))
                return ReadsBack(instruction, bytes, rip);
            length = (int)encoded;
        }
        return false;
    }

    private static bool NeedsLength(AssemblyLine line) => line.Operands.Any(operand => operand.IsRipOffset);

    /// <summary>The decoder sees the instruction that was meant, and nothing is left over.</summary>
    private static bool ReadsBack(Instruction meant, byte[] bytes, ulong rip)
    {
        Decoder decoder = Decoder.Create(Bitness, new ByteArrayCodeReader(bytes), rip);
        decoder.Decode(out Instruction read);
        int length = read.Length;
        if (meant.OpCode.Fwait && read.Code == Code.Wait)
        {
            // FSTCW is the name of two instructions, WAIT and FNSTCW.
            decoder.Decode(out read);
            length += read.Length;
            if (read.Mnemonic.ToString() != "Fn" + meant.Mnemonic.ToString()[1..])
                return false;
            meant.Code = read.Code;
        }
        if (read.IsInvalid || length != bytes.Length)
            return false;
        meant.MemoryDisplSize = read.MemoryDisplSize;
        if (read.MemoryBase == Register.None && read.MemoryIndexScale != meant.MemoryIndexScale
            && meant.MemoryIndex == Register.None)
            meant.MemoryIndexScale = read.MemoryIndexScale;
        if (meant.OpMask == Register.K0)
            meant.OpMask = Register.None;
        Normalise(ref read);
        Normalise(ref meant);
        return read == meant;
    }

    /// <summary>Sign-extended bytes can be kept in two ways that mean the same.</summary>
    private static void Normalise(ref Instruction instruction)
    {
        if (instruction.HasOpKind(OpKind.Immediate8to16))
            instruction.Immediate8to16 = instruction.Immediate8to16;
        if (instruction.HasOpKind(OpKind.Immediate8to32))
            instruction.Immediate8to32 = instruction.Immediate8to32;
        if (instruction.HasOpKind(OpKind.Immediate8to64))
            instruction.Immediate8to64 = instruction.Immediate8to64;
    }

    /// <summary>Shorter is better; 16-bit operands only where a 16-bit operand is written.</summary>
    private static int Rank(AssemblyLine line, OpCodeInfo info, byte[] bytes)
    {
        bool implied = info.OperandSize == 16 && (line.Marks & InstructionMarks.Data16) == 0
            && !line.Operands.Any(operand =>
            operand.Form == OperandForm.Register && operand.Register.IsGPR16() || operand.Bytes == 2);
        int otherTop = line.Operands.Count == 2 && line.Operands[0].IsNumbered && info.Op0Kind == OpCodeOperandKind.st0
            ? 1 : 0;
        return (bytes.Length * 2) + otherTop + (implied ? Penalty : 0);
    }

    private static AssemblyException NoSuchInstruction(string mnemonic)
    {
        string shown = Lexer.Short(mnemonic);
        string hint = MnemonicTable.Nearest(mnemonic) is { } near ? $"; did you mean {near}?" : "";
        return new AssemblyException($"there is no instruction \"{shown}\"{hint}");
    }

    private static string NothingFits(AssemblyLine line, string? refusal)
    {
        string operands = line.Operands.Count switch
        {
            0 => "without operands",
            _ => "with such operands",
        };
        return $"{line.Mnemonic} does not exist {operands}" + (refusal is null ? "" : $" ({refusal})");
    }

    private sealed class ByteWriter : CodeWriter
    {
        private readonly List<byte> bytes = [];

        public override void WriteByte(byte value) => bytes.Add(value);

        public void Clear() => bytes.Clear();

        public byte[] ToArray() => [.. bytes];
    }
}

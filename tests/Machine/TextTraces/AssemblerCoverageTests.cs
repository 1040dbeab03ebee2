using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Iced.Intel;
using Seamsim.TextTraces.Assembling;
using Decoder = Iced.Intel.Decoder;

namespace Seamsim.Tests.Machines.TextTraces;

/// <summary>
/// Random bytes, decoded, printed, assembled again: over the whole ISA the same instruction comes out. The bytes owe
/// nothing
/// to the assembler's own tables.
/// </summary>
[TestFixture]
internal sealed class AssemblerCoverageTests
{
    private const ulong Rip = 0x10_0000;
    private const int SamplesPerCode = 6, Shapes = 27, Draws = 27_000_000;


    // Forms so rare that random bytes hardly meet them.
    private static readonly string[] Rare =
    [
        "66F2480F38F1C1", "66F20F38F1C1", "8FE9F812C0", "8FE97812C8", "8FE9F812C8", "8FE97812C0", "8FE978C1C1",
        "0FFFC1", "480FFFC1", "C4E27849C0", "C4E27B49C0", "F30F3AF0C055", "F20F00F1", "66F20F00F1", "62F17D08C5C105",
        "62F1FD08C5C105",
        "62F2FE4828C1", "62F27E0829C1", "62F27E2829C1", "62F27E4829C1", "62F2FE0829C1", "62F2FE2829C1", "62F27E2839C1",
        "62F27E4839C1", "62F2FE0839C1", "62F2FE2839C1", "62F2774868C2", "62F17C08130A", "62F27E4828C2", "62F2FE4829C2",
        "62F27E0838C2", "62F27E0839C2", "62F2FE4839C2",
        "62F2FD09900C10", "8FE97C80C1", "62F27D49C60C10", "62F2FD49C60C10", "62F27D49C61410",
        "62F2FD49C61410", "62F27D49C62C10", "62F2FD49C62C10", "62F27D49C63410", "62F2FD49C63410", "62F27D49C70C10",
        "62F2FD49C70C10", "62F27D49C71410", "62F2FD49C71410", "62F27D49C72C10", "62F2FD49C72C10", "62F27D49C73410",
        "62F2FD49C73410",
    ];

    // The names of two instructions, WAIT and the one that does not wait: a decoder never shows them.
    private static readonly string[] Waiting =
    [
        "fstenv fpuenv14 ptr [rax]", "fstenv fpuenv28 ptr [rax]", "fstcw word ptr [rax]", "feni", "fdisi", "fclex",
        "finit",
        "fsetpm", "fsave fpustate94 ptr [rax]", "fsave fpustate108 ptr [rax]", "fstsw word ptr [rax]", "fstsw ax",
    ];

    [TestCaseSource(nameof(Waiting))]
    public void An_instruction_that_waits_is_WAIT_and_the_one_that_does_not(string text)
    {
        byte[] bytes = new TextAssembler().Assemble(AssemblyParser.Parse(text), Rip, _ => 0);
        Decoder decoder = Decoder.Create(64, new ByteArrayCodeReader(bytes), Rip);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(decoder.Decode().Code, Is.EqualTo(Code.Wait));
            Assert.That(decoder.Decode().Mnemonic.ToString().ToLowerInvariant(),
                Is.EqualTo("fn" + text.Split(' ')[0][1..]));
        }
    }

    [Test]
    public void Every_form_of_the_instruction_set_survives_printing_and_assembling()
    {
        Dictionary<Code, List<Instruction>> samples = Draw();
        TextAssembler assembler = new();
        IntelFormatter formatter = Formatter();
        StringBuilder failures = new();
        int available = 0, seen = 0, whole = 0, checkedCount = 0, wrong = 0;
        foreach (Code code in Enum.GetValues<Code>())
        {
            if (!MnemonicTable.IsAvailable(code.ToOpCode()) || code.ToOpCode().Fwait)
                continue;
            available++;
            if (!samples.TryGetValue(code, out List<Instruction>? list))
            {
                failures.AppendLine(CultureInfo.InvariantCulture, $"unseen {code}");
                continue;
            }
            seen++;
            bool all = true;
            foreach (Instruction sample in list)
            {
                checkedCount++;
                string text = Text(formatter, sample);
                string? problem = Problem(assembler, formatter, sample, text, ref wrong);
                if (problem is null)
                    continue;
                all = false;
                failures.AppendLine(CultureInfo.InvariantCulture, $"{code}: {text}: {problem}");
            }
            if (all)
                whole++;
        }
        string summary = string.Create(CultureInfo.InvariantCulture,
            $"{available} forms, {seen} drawn, {whole} whole, {checkedCount} samples, {wrong} wrong");
        TestContext.Out.WriteLine(summary);
        if (Environment.GetEnvironmentVariable("COVERAGE_OUT") is { } path)
            File.WriteAllText(path, summary + "\n" + failures);
        Assert.That(wrong, Is.Zero, failures.ToString());
        Assert.That(whole, Is.EqualTo(available), failures.ToString());
    }

    private static string? Problem(
        TextAssembler assembler, IntelFormatter formatter, in Instruction sample, string text, ref int wrong)
    {
        byte[] bytes;
        try
        {
            bytes = assembler.Assemble(AssemblyParser.Parse(text), Rip, _ =>
                throw new AssertionException("no labels here"));
        }
        catch (AssemblyException refused)
        {
            return refused.Message;
        }
        Instruction read = Decoder.Create(64, new ByteArrayCodeReader(bytes), Rip).Decode();
        string again = Text(formatter, read);
        if (again == text)
            return bytes.Length <= ShortestOf(sample) ? null : $"{Convert.ToHexString(bytes)} is longer than need be";
        wrong++;
        return $"assembled as {Convert.ToHexString(bytes)} = {again}";
    }

    private static IntelFormatter Formatter()
    {
        IntelFormatter formatter = new();
        formatter.Options.MemorySizeOptions = MemorySizeOptions.Always;
        formatter.Options.ShowBranchSize = true;
        return formatter;
    }

    private static string Text(IntelFormatter formatter, in Instruction instruction)
    {
        StringOutput output = new();
        formatter.Format(instruction, output);
        return output.ToStringAndReset();
    }

    private static Dictionary<Code, List<Instruction>> Draw()
    {
        Dictionary<Code, List<Instruction>> samples = [];
        foreach (string rare in Rare)
        {
            Instruction instruction = Decoder.Create(64, new ByteArrayCodeReader(Convert.FromHexString(rare)),
                Rip).Decode();
            samples.TryAdd(instruction.Code, [instruction]);
        }
        Random random = new(20);
        byte[] bytes = new byte[16];
        ByteArrayCodeReader reader = new(bytes);
        Decoder decoder = Decoder.Create(64, reader);
        for (int i = 0; i < Draws; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes, random.NextInt64(long.MinValue, long.MaxValue));
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), random.NextInt64(long.MinValue, long.MaxValue));
            Shape(bytes, i % Shapes);
            (reader.Position, decoder.IP) = (0, Rip);
            decoder.Decode(out Instruction instruction);
            if (instruction.IsInvalid || IsFull(samples, instruction.Code) || !IsWritable(instruction))
                continue;
            if (!samples.TryGetValue(instruction.Code, out List<Instruction>? list))
                samples.Add(instruction.Code, list = []);
            list.Add(instruction);
        }
        return samples;
    }

    private static bool IsFull(Dictionary<Code, List<Instruction>> samples, Code code) =>
        samples.TryGetValue(code, out List<Instruction>? list) && list.Count >= SamplesPerCode;

    /// <summary>
    /// Iced's own encoder can write it back: not so for 3DNow! with R8..R15, and branches at the end of their reach
    /// that
    /// carry a prefix nobody needs.
    /// </summary>
    private static bool IsWritable(in Instruction instruction)
    {
        List<byte> bytes = [];
        if (!Iced.Intel.Encoder.Create(64, new ListWriter(bytes)).TryEncode(instruction, Rip, out _, out _))
            return false;
        Instruction read = Decoder.Create(64, new ByteArrayCodeReader(bytes.ToArray()), Rip).Decode();
        return read == instruction;
    }

    /// <summary>
    /// The sample's own length; what is printed without RIP is not said to be relative to it, and no text asks for XCHG
    /// as
    /// NOP or for XBEGIN with 16 bits.
    /// </summary>
    private static int ShortestOf(in Instruction instruction)
    {
        if (instruction.IsIPRelativeMemoryOperand || instruction.Code is Code.Nopw or Code.Nopq or Code.Xbegin_rel16)
            return int.MaxValue;
        Iced.Intel.Encoder.Create(64, new ListWriter([])).TryEncode(instruction, Rip, out uint length, out _);
        return (int)length;
    }

    private sealed class ListWriter(List<byte> bytes) : CodeWriter
    {
        public override void WriteByte(byte value) => bytes.Add(value);
    }

    /// <summary>Prefixes and escapes that lead to every opcode map.</summary>
    private static void Shape(byte[] bytes, int shape)
    {
        byte rex = (byte)(0x40 | (bytes[15] & 15));
        ReadOnlySpan<byte> start = shape switch
        {
            0 => [rex],
            1 => [0x66, rex],
            2 => [0x0F],
            3 => [rex, 0x0F],
            4 => [0x66, 0x0F],
            5 => [0xF3, rex, 0x0F],
            6 => [0xF2, rex, 0x0F],
            7 or 22 or 23 =>
            [
                0xC4, (byte)((bytes[1] & 0xE0) | (bytes[14] % 3 + 1)),
                (byte)(bytes[2] | (bytes[13] % 2 == 0 ? 0x78 : 0)),
            ],
            11 => [0x67, 0x0F],
            12 => [0xF3, 0x67, 0x0F],
            13 => [0x67, 0xF2, rex, 0x0F],
            14 => [0xF0, rex],
            15 => [0x67, 0x66, rex, 0x0F],
            16 => [0xF3, 0x0F, 0xA7],
            17 => [0x66, rex, 0x0F, 0x3A],
            18 => [0x66, 0x67, rex, 0x0F, 0x38],
            19 => [(byte)(0xF2 | bytes[14] & 1), rex, 0x0F, 0x38],
            20 => [0xF3, 0x66, 0x0F],
            21 => [0x67],
            24 or 25 or 26 =>
            [
                0x62, (byte)((bytes[1] & 0xF0) | (1 + bytes[14] % 6)), (byte)(bytes[2] | 0x7C),
                    (byte)((bytes[3] & 0x67) | 8),
            ],
            8 or 9 => [0x62, (byte)(bytes[1] & 0xF7), (byte)(bytes[2] | (bytes[14] % 2 == 0 ? 0x7C : 0x04))],
            10 => [0x8F, (byte)((bytes[1] & 0xE0) | (bytes[14] % 3 + 8))],
            _ => [],
        };
        start.CopyTo(bytes);
    }
}

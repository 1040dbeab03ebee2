using System.Globalization;
using System.Text;
using Iced.Intel;
using Seamsim.TextTraces.Assembling;
using Decoder = Iced.Intel.Decoder;

namespace Seamsim.Tests.Machines.TextTraces;

/// <summary>
/// Random bytes, decoded, printed, assembled again: over the whole ISA the same instruction comes out. The bytes owe nothing
/// to the assembler's own tables.
/// </summary>
[TestFixture]
internal sealed class AssemblerCoverageTests
{
    private const ulong Rip = 0x10_0000;
    private const int SamplesPerCode = 6, Draws = 24_000_000;


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
            if (!MnemonicTable.IsAvailable(code.ToOpCode()))
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
            bytes = assembler.Assemble(AssemblyParser.Parse(text), Rip, _ => throw new AssertionException("no labels here"));
        }
        catch (AssemblyException refused)
        {
            return refused.Message;
        }
        Instruction read = Decoder.Create(64, new ByteArrayCodeReader(bytes), Rip).Decode();
        string again = Text(formatter, read);
        if (again == text)
            return null;
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
        Random random = new(20);
        byte[] bytes = new byte[16];
        for (int i = 0; i < Draws; i++)
        {
            random.NextBytes(bytes);
            Shape(bytes, random.Next(27));
            Instruction instruction = Decoder.Create(64, new ByteArrayCodeReader(bytes), Rip).Decode();
            if (instruction.IsInvalid)
                continue;
            if (!samples.TryGetValue(instruction.Code, out List<Instruction>? list))
                samples.Add(instruction.Code, list = []);
            if (list.Count < SamplesPerCode)
                list.Add(instruction);
        }
        return samples;
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
            7 or 22 or 23 => [0xC4, (byte)((bytes[1] & 0xE0) | (bytes[14] % 3 + 1)), (byte)(bytes[2] | (bytes[13] % 2 == 0 ? 0x78 : 0))],
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
                0x62, (byte)((bytes[1] & 0xF0) | (1 + bytes[14] % 6)), (byte)(bytes[2] | 0x7C), (byte)((bytes[3] & 0x67) | 8),
            ],
            8 or 9 => [0x62, (byte)(bytes[1] & 0xF7), (byte)(bytes[2] | (bytes[14] % 2 == 0 ? 0x7C : 0x04))],
            10 => [0x8F, (byte)((bytes[1] & 0xE0) | (bytes[14] % 3 + 8))],
            _ => [],
        };
        start.CopyTo(bytes);
    }
}

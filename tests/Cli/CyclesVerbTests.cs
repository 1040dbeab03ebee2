using System.Text.Json;
using Seamsim.Cli;

namespace Seamsim.Tests.CommandLine;

/// <summary><c>seamsim cycles</c>: what a block costs, as text and JSON, one by one and in a batch.</summary>
[TestFixture]
internal sealed class CyclesVerbTests
{
    private string directory = "";

    [SetUp]
    public void MakeDirectory() => directory = Directory.CreateTempSubdirectory("seamsim-cycles-").FullName;

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(directory, recursive: true);

    [Test]
    public void The_text_says_cycles_limit_ports_and_a_line_an_instruction()
    {
        (int code, string output, string error) = Invoke("cycles", "--core", "skl", "4889C3 4801D8 75FA");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((code, error), Is.EqualTo((0, "")));
            Assert.That(output, Does.StartWith("4889c34801d875fa on skl\n  unrolled  1.00 cycles  limited by "));
            Assert.That(output, Does.Contain("\n  looped    1.00 cycles  limited by dsb ("));
            Assert.That(output, Does.Contain("  6 1.00  7 0.00  (bound by p6)\n"));
            Assert.That(output, Does.Match(@"\n  mov rbx,rax +1 +0 +0  no port\n"));
            Assert.That(output, Does.Match(@"\n  add rax,rbx +1 +1  1\*p6 +1  macro-fused with the jump\n"));
        }
    }

    [Test]
    public void Json_has_an_object_a_block_with_the_answer_first()
    {
        (int code, string output, _) = Invoke("cycles", "--core", "skl", "--json", "4801d8", "488b00");
        string[] lines = output.TrimEnd().Split('\n');
        Assert.That(code, Is.Zero);
        Assert.That(lines, Has.Length.EqualTo(2));
        Assert.That(lines[0], Does.StartWith(
            "{\"hex\":\"4801d8\",\"unrolled\":1.00,\"looped\":1.00,\"bottleneck\":\"dependencies\","));
        using JsonDocument json = JsonDocument.Parse(lines[1]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(json.RootElement.GetProperty("unrolled").GetDecimal(), Is.EqualTo(4));
            Assert.That(json.RootElement.GetProperty("ports").GetProperty("2").GetDecimal(), Is.EqualTo(0.5m));
            Assert.That(json.RootElement.GetProperty("bounds_unrolled").GetProperty("issue").GetDecimal(),
                Is.EqualTo(0.25m));
            Assert.That(json.RootElement.GetProperty("instructions")[0].GetProperty("text").GetString(),
                Is.EqualTo("mov rax,[rax]"));
        }
    }

    [TestCase("--print-core", "key,value,source\n")]
    [TestCase("--print-instructions", "instruction,operands,fused,")]
    public void What_is_edited_can_be_printed(string option, string start)
    {
        (int code, string output, _) = Invoke("cycles", option, "skl");
        Assert.That(code, Is.Zero);
        Assert.That(output, Does.StartWith(start));
        Assert.That(Invoke("cycles", option, "pentium").Error, Does.StartWith($"{option}: expected one of hsw, skl, icl, "));
    }

    // arguments | what is said
    [TestCase("zz", "block 1: expected hex digits, not \"z\"")]
    [TestCase("90\u001b[2J", "block 1: expected hex digits, not U+001B")]
    [TestCase("90 480", "block 1: expected an even number of hex digits, not 5")]
    [TestCase("90|0f", "block 2: byte 0: the last instruction is not whole")]
    [TestCase("9006909090", "block 1: byte 1: no instruction in 64-bit mode")]
    [TestCase("06", "block 1: byte 0: no instruction in 64-bit mode")]
    [TestCase("62f17c4858", "block 1: byte 0: the last instruction is not whole")]
    [TestCase(" ", "block 1: no bytes")]
    [TestCase("0x", "block 1: no bytes")]
    [TestCase("480x01D8", "block 1: expected hex digits, not \"x\"")]
    [TestCase("--core|pentium|90",
        "expected one of hsw, skl, icl, golden-cove, or a .csv of parameters, not \"pentium\"")]
    [TestCase("--core|nowhere.csv|90", "nowhere.csv: expected a file that can be read")]
    [TestCase("--core|skl", "expected either hex blocks, or --file, or --expect")]
    [TestCase("90|--file|-", "expected either hex blocks, or --file, or --expect")]
    [TestCase("--file|nowhere.txt", "nowhere.txt: expected a file that can be read")]
    public void Bad_input_is_a_line_and_exit_two(string arguments, string said)
    {
        (int code, string output, string error) = Invoke(["cycles", .. arguments.Split('|')]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((code, output), Is.EqualTo((2, "")));
            Assert.That(error.TrimEnd(), Does.Contain(said).And.Not.Contain("\n"));
        }
    }

    [TestCase("0x4801D8")]
    [TestCase("0X4801d8")]
    [TestCase("0x48 0x01 0xD8")]
    [TestCase("48 01\tD8")]
    public void A_block_may_be_written_as_a_number_or_as_bytes(string block) =>
        Assert.That(Invoke("cycles", "--core", "skl", "-q", block), Is.EqualTo((0, "1.00 1.00 dependencies\n", "")));

    [TestCase("")]
    [TestCase("# nothing yet\n\n")]
    public void A_file_without_blocks_is_said_to_have_none(string text)
    {
        string file = Write("empty.txt", text);
        foreach (string form in (string[])["--json", "--quiet"])
            Assert.That(Invoke("cycles", "--file", file, form), Is.EqualTo(
                (2, "", $"{file}: no blocks; expected one in hex a line\n")));
    }

    [Test]
    public void A_batch_goes_on_behind_a_bad_line_and_exits_one()
    {
        string file = Write("blocks.txt", "# mine\n4801d8 # add\n\nzz\n0f\n90\n");
        (int code, string output, string error) = Invoke("cycles", "--core", "skl", "--file", file, "--quiet");
        (int jsonCode, string json, string jsonError) = Invoke("cycles", "--core", "skl", "--file", file, "--json");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((code, output), Is.EqualTo((1, "1.00 1.00 dependencies\n0.25 1.00 predecode\n")));
            Assert.That(error, Is.EqualTo(
                $"{file}:4: expected hex digits, not \"z\"\n{file}:5: byte 0: the last instruction is not whole\n"));
            Assert.That((jsonCode, jsonError), Is.EqualTo((1, "")));
            Assert.That(json.TrimEnd().Split('\n'), Has.Length.EqualTo(4));
            Assert.That(json, Does.Contain(
                "\n{\"hex\":\"zz\",\"line\":4,\"error\":\"expected hex digits, not \\\"z\\\"\"}\n"));
        }
    }

    [Test]
    public void Accuracy_is_reported_by_core_and_a_block_that_cannot_be_predicted_is_wholly_wrong()
    {
        // Predictions 1.00, 4.00 and 0.50: errors 0 %, 20 %; the last is no block: 100 %.
        string file = Write("measured.csv",
            "arch,hex,measured_cycles\nSKL,4801d8,1.00\nSKL,488b00,5.00\nSKL,zz,9.00\nHSW,5b,0.5\n");
        (int code, string output, _) = Invoke("cycles", "--expect", file);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.Zero);
            Assert.That(output, Does.Contain("skl: 3 blocks, 1 not predicted, MAPE 40.00 %, Kendall tau 1.0000\n"));
            Assert.That(output,
                Does.Contain("together: 4 blocks, 1 not predicted, MAPE 30.00 %, Kendall tau 1.0000\n"));
        }
    }

    [TestCase("hex,cycles\n90,1\n", ":1: expected a column measured_cycles")]
    [TestCase("hex,measured_cycles\n90,1\n", ":1: expected --core, or a column arch")]
    [TestCase("arch,hex,measured_cycles\nSKL,90\n", ":2: expected 3 cells, not 2")]
    [TestCase("arch,hex,measured_cycles\nSKL,90,never\n", ":2: expected measured cycles, not \"never\"")]
    [TestCase("arch,hex,measured_cycles\n", ": expected rows below the header")]
    public void Measurements_that_are_none_are_refused_with_their_line(string text, string said)
    {
        (int code, _, string error) = Invoke("cycles", "--expect", Write("measured.csv", text));
        Assert.That((code, error.Contains(said, StringComparison.Ordinal)), Is.EqualTo((2, true)), error);
    }

    [Test]
    public void A_core_of_ones_own_is_a_copied_file_with_a_changed_row()
    {
        string shipped = Seamsim.Timing.Blocks.PipelineParameters.TextOf("skl")!;
        string file = Write("mine.csv",
            shipped.Replace("\nissue_width,4,", "\nissue_width,2,", StringComparison.Ordinal));
        (int code, string output, _) = Invoke("cycles", "--core", file, "--quiet", "31c0");
        Assert.That((code, output), Is.EqualTo((0, "0.50 1.00 issue\n")));
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(directory, name);
        File.WriteAllText(path, text);
        return path;
    }

    private static (int Code, string Output, string Error) Invoke(params string[] arguments)
    {
        StringWriter output = new() { NewLine = "\n" }, error = new() { NewLine = "\n" };
        int code = Root.Invoke(arguments, output, error);
        return (code, output.ToString(), error.ToString());
    }
}

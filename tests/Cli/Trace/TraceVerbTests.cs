using System.Text.Json;
using Seamsim.Cli;
using Seamsim.Tests.Trace;

namespace Seamsim.Tests.CommandLine.Trace;

/// <summary>The verbs on files: results on stdout, complaints on stderr, the exit code is the verdict.</summary>
internal sealed class TraceVerbTests
{
    [Test]
    public void View_shows_margins_disassembly_accesses_and_leaves()
    {
        (int code, string output, string error) = Invoke("trace", "view", Sample());
        string[] lines = output.TrimEnd().Split('\n');
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.Zero, error);
            Assert.That(error, Is.Empty);
            Assert.That(lines[0], Does.StartWith(" lp world        count"));
            Assert.That(lines, Does.Contain(
                "  0 host             1            100  0000000000001003  add [rcx], rax                                 "
                + "; r8 0x3000 = 0x0 w8 0x3000 = 0x11"));
            Assert.That(lines, Does.Contain(
                "  0 host            13            113  -- enter TDH.MNG.CREATE rax=0x9 rcx=0x123000"));
            Assert.That(output, Does.Not.Contain("\e["), "no colours in a pipe");
        }
    }

    [Test]
    public void View_around_points_at_the_instruction()
    {
        (int code, string output, _) = Invoke("trace", "view", Sample(), "--around", "5");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.Zero);
            Assert.That(output.Split('\n').Where(line => line.StartsWith('>')).ToArray(), Has.Length.EqualTo(1)
                .And.One.Contains("add [rcx], rax"));
        }
    }

    [Test]
    public void View_names_addresses_with_the_symbols_of_an_elf_file()
    {
        string elf = SampleTrace.Write("symbols.elf", ElfSample.Create(("host_loop", 0x1000, 11), ("guest_copy", 0x5010, 3)));
        (int code, string output, string error) = Invoke("trace", "view", Sample(), "--symbols", elf);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.Zero, error);
            Assert.That(output, Does.Contain("<host_loop> mov rax, [rbx]"));
            Assert.That(output, Does.Contain("<host_loop+0x9> jne short host_loop"));
            Assert.That(output, Does.Contain("call guest_copy"));
        }
    }

    [Test]
    public void Json_is_one_object_a_row_or_one_in_all()
    {
        (_, string rows, _) = Invoke("trace", "view", "--json", Sample());
        (_, string stat, _) = Invoke("trace", "stat", "--json", Sample());
        (_, string diff, _) = Invoke("trace", "diff", "--json", Sample(), Sample());
        using JsonDocument counted = JsonDocument.Parse(stat), compared = JsonDocument.Parse(diff);
        int instructions = 0;
        foreach (string row in rows.TrimEnd().Split('\n'))
        {
            using JsonDocument json = JsonDocument.Parse(row);
            instructions += json.RootElement.GetProperty("kind").GetString() == "instruction" ? 1 : 0;
        }
        using (Assert.EnterMultipleScope())
        {
            Assert.That(instructions, Is.EqualTo(16), "15 retire and one does not");
            Assert.That(counted.RootElement.GetProperty("instructions").GetInt32(), Is.EqualTo(15));
            Assert.That(counted.RootElement.GetProperty("mnemonics").GetProperty("mov").GetInt32(), Is.EqualTo(3));
            Assert.That(compared.RootElement.GetProperty("same").GetBoolean(), Is.True);
        }
    }

    [Test]
    public void Stat_prints_tables()
    {
        (int code, string output, _) = Invoke("trace", "stat", Sample());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.Zero);
            Assert.That(output, Does.Contain("5 pages, 5 lines").And.Contain("TDH.MNG.CREATE").And.Contain("0x1009"));
        }
    }

    [Test]
    public void Diff_ends_with_one_and_shows_both_sides()
    {
        string other = SampleTrace.Write("other.sst", SampleTrace.Create(loopValue: 0x99, seed: 8));
        (int code, string output, string error) = Invoke("trace", "diff", Sample(), other);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.EqualTo(1));
            Assert.That(output, Does.Contain("access 0: value 0x11 here, 0x99 there"));
            Assert.That(output, Does.Contain("= 0x11").And.Contain("= 0x99"));
            Assert.That(error, Does.Contain("other seeds: 7 here, 8 there"));
            Assert.That(Invoke("trace", "diff", Sample(), Sample()).Code, Is.Zero);
        }
    }

    [TestCase("perfetto")]
    [TestCase("spike")]
    [TestCase("drmemtrace-text")]
    [TestCase("csv")]
    [TestCase("parquet")]
    [TestCase("champsim", "--lp", "0")]
    public void Export_writes_a_file_and_says_what_is_lost(string format, params string[] more)
    {
        string output = SampleTrace.Write("out." + format, []);
        (int code, string text, string error) = Invoke(["trace", "export", Sample(), "--to", format, "-o", output, .. more]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.Zero, error);
            Assert.That(text, Is.Empty);
            Assert.That(error, Does.StartWith($"seamsim: {format} cannot hold: "));
            Assert.That(new FileInfo(output).Length, Is.GreaterThan(0));
        }
    }

    [Test]
    public void A_cut_trace_is_shown_as_far_as_it_goes_and_ends_with_two()
    {
        byte[] file = SampleTrace.Create();
        string cut = SampleTrace.Write("cut.sst", file[..^400]);
        foreach (string verb in new[] { "view", "stat" })
        {
            (int code, string output, string error) = Invoke("trace", verb, cut);
            using (Assert.EnterMultipleScope())
            {
                Assert.That(code, Is.EqualTo(2));
                Assert.That(output, Does.Contain("mov"));
                Assert.That(error, Does.Match($"^seamsim: .*cut.sst: offset [0-9]+: .*; everything before it was read"));
            }
        }
    }

    [Test]
    public void A_corrupt_trace_ends_with_two_and_an_offset()
    {
        byte[] file = SampleTrace.Create();
        file[^1000] ^= 0x40;
        string corrupt = SampleTrace.Write("corrupt.sst", file);
        foreach (string[] arguments in new[]
        {
            new[] { "trace", "view", corrupt }, ["trace", "stat", corrupt], ["trace", "diff", Sample(), corrupt],
            ["trace", "export", corrupt, "--to", "csv", "-o", SampleTrace.Write("corrupt.csv", [])],
        })
        {
            (int code, _, string error) = Invoke(arguments);
            using (Assert.EnterMultipleScope())
            {
                Assert.That(code, Is.EqualTo(2), string.Join(' ', arguments));
                Assert.That(error, Does.Match("corrupt.sst: offset [0-9]+: ").And.Not.Contain("   at "));
            }
        }
    }

    [TestCase("trace", "view", "")]
    [TestCase("trace", "view", ".")]
    [TestCase("trace", "view", "no-such.sst")]
    [TestCase("trace", "view", "SAMPLE", "--world", "moon")]
    [TestCase("trace", "view", "SAMPLE", "--lp", "2")]
    [TestCase("trace", "export", "SAMPLE", "--to", "csv", "-o", "x.csv", "--lp", "-1")]
    [TestCase("trace", "view", "SAMPLE", "--around", "15")]
    [TestCase("trace", "view", "SAMPLE", "--from", "5", "--to", "4")]
    [TestCase("trace", "view", "SAMPLE", "--symbols", "no-such.elf")]
    [TestCase("trace", "view", "SAMPLE", "--symbols", "SAMPLE")]
    [TestCase("trace", "stat", "SAMPLE", "--top", "0")]
    [TestCase("trace", "export", "SAMPLE", "--to", "champsim", "-o", "x.champsim")]
    [TestCase("trace", "export", "SAMPLE", "--to", "elf", "-o", "x.elf")]
    [TestCase("trace", "export", "SAMPLE", "--to", "csv", "-o", "SAMPLE")]
    [TestCase("trace", "export", "SAMPLE", "--to", "csv", "-o", "")]
    [TestCase("trace", "diff", "SAMPLE")]
    public void What_cannot_be_done_ends_with_two_and_a_word_on_stderr(params string[] arguments)
    {
        string sample = Sample();
        (int code, string output, string error) = Invoke([.. arguments.Select(a => a == "SAMPLE" ? sample : a)]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.EqualTo(2));
            Assert.That(output, Is.Empty);
            Assert.That(error, Is.Not.Empty.And.Not.Contain("   at "));
        }
    }

    private static string Sample() => SampleTrace.Write(
        $"sample-{TestContext.CurrentContext.Test.ID}.sst", SampleTrace.Create());

    private static (int Code, string Output, string Error) Invoke(params string[] arguments)
    {
        StringWriter output = new() { NewLine = "\n" }, error = new() { NewLine = "\n" };
        int code = Root.Invoke(arguments, output, error);
        return (code, output.ToString(), error.ToString());
    }
}

using System.Text.Json;
using Iced.Intel;
using Seamsim.Tests.Boot;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.CommandLine;

/// <summary><c>seamsim boot</c>: COM1 on stdout, the verdict of the image as exit code, complaints on stderr.</summary>
[TestFixture]
internal sealed class BootVerbTests
{
    private string directory = "", image = "";

    [SetUp]
    public void MakeImage()
    {
        directory = Directory.CreateTempSubdirectory("seamsim-boot-").FullName;
        image = Write("image.elf", TestImage.Elf32(Hello));
    }

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(directory, recursive: true);

    [Test]
    public void The_serial_port_goes_to_stdout_and_the_image_decides_the_exit_code()
    {
        (int code, string output, string error) = Invoke("boot", image);
        Assert.That((code, output), Is.EqualTo((7, "hello\n")));
        Assert.That(error, Is.EqualTo("seamsim boot: exit code 7; 15 instructions, 22 cycles (functional)\n"));
    }

    [Test]
    public void Quiet_leaves_only_what_the_image_says() =>
        Assert.That(Invoke("boot", image, "--quiet"), Is.EqualTo((7, "hello\n", "")));

    [Test]
    public void Json_carries_the_end_the_figures_and_the_serial_output()
    {
        (int code, string output, string error) = Invoke("boot", image, "--json", "--quiet", "--timing", "interval");
        using JsonDocument json = JsonDocument.Parse(output);
        JsonElement root = json.RootElement;
        using (Assert.EnterMultipleScope())
        {
            Assert.That((code, error), Is.EqualTo((7, "")));
            Assert.That(root.GetProperty("end").GetString(), Is.EqualTo("exit"));
            Assert.That(root.GetProperty("code").GetInt32(), Is.EqualTo(7));
            Assert.That(root.GetProperty("instructions").GetInt32(), Is.EqualTo(15));
            Assert.That(root.GetProperty("timing").GetString(), Does.StartWith("interval"));
            Assert.That(root.GetProperty("serial").GetString(), Is.EqualTo("hello\n"));
            Assert.That(root.GetProperty("unmodelled").GetArrayLength(), Is.Zero);
        }
    }

    [Test]
    public void An_edited_core_changes_the_cycles()
    {
        string mine = Write("mine.csv", System.Text.Encoding.UTF8.GetBytes(
            Seamsim.Timing.CoreParameters.ShippedText.Replace("PortAccess,1000,", "PortAccess,2000,", StringComparison.Ordinal)));
        string edited = $"timing_parameters=\"{mine}\"";
        Assert.That(CyclesOf(image, "-c", edited) - CyclesOf(image), Is.EqualTo(7_000), "six letters and the exit");
        Assert.That(Invoke("boot", image, "-c", "seed=3").Code, Is.EqualTo(2));
    }

    [TestCase("timing_core=skl", "timing_core")]
    [TestCase("timing_core=\"no-such-file.csv\"", "timing_core")]
    [TestCase("timing_parameters=\"no-such-file.csv\"", "timing_parameters")]
    public void A_core_that_the_model_would_ignore_is_refused(string setting, string key)
    {
        (int code, string output, string error) = Invoke("boot", image, "-c", setting);
        Assert.That((code, output), Is.EqualTo((2, "")));
        Assert.That(error, Does.StartWith($"-c {setting}: {key}: expected timing = \"interval\" with it: \"functional\" would ignore ")
            .And.Not.Contain("   at "));
    }

    [TestCase("invlpg", 224)]
    [TestCase("wbinvd", 5_850_000)]
    public void An_instruction_that_is_an_operation_costs_what_was_measured(string name, int cycles)
    {
        string with = Write("with.elf", TestImage.Elf32(code =>
        {
            if (name == "invlpg")
                code.invlpg(__[ebx]);
            else
                code.wbinvd();
            Hello(code);
        }));
        Assert.That(CyclesOf(with) - CyclesOf(image), Is.InRange(cycles, cycles + 2000), "and the misses behind it");
    }

    [Test]
    public void The_serial_port_can_go_to_a_file()
    {
        string serial = Path.Combine(directory, "serial.txt");
        Assert.That(Invoke("boot", image, "-q", "--serial", serial), Is.EqualTo((7, "", "")));
        Assert.That(File.ReadAllText(serial), Is.EqualTo("hello\n"));
    }

    [Test]
    public void A_triple_fault_ends_with_one_a_line_and_the_registers()
    {
        string faulty = Write("faulty.elf", TestImage.Elf32(code =>
        {
            code.mov(eax, 0x1234);
            code.ud2();
        }));
        (int code, string output, string error) = Invoke("boot", faulty, "-q");
        Assert.That((code, output), Is.EqualTo((1, "")));
        Assert.That(error, Does.StartWith("seamsim boot: triple fault on LP 0; 1 instructions, ")
            .And.Contain("RAX 0000000000001234 ").And.Contain("RIP 0000000000100015 "));
    }

    [Test]
    public void The_registers_of_every_processor_are_shown()
    {
        string halted = Write("halted.elf", TestImage.Elf32(code => code.hlt()));
        (int code, _, string error) = Invoke("boot", halted, "--cpus", "2");
        Assert.That(code, Is.EqualTo(1));
        Assert.That(error, Does.Contain("HLT on LP 0 with interrupts off").And.Contain("LP 1\n"));
    }

    [Test]
    public void The_limit_ends_with_one()
    {
        (int code, _, string error) = Invoke("boot", image, "--max-instructions", "5");
        Assert.That(code, Is.EqualTo(1));
        Assert.That(error, Does.StartWith("seamsim boot: max-instructions is spent: 5 instructions executed"));
    }

    [Test]
    public void Command_line_and_modules_reach_the_image()
    {
        string module = Write("module.bin", [1, 2, 3]);
        string prints = Write("prints.elf", TestImage.Elf32(PrintStrings));
        (_, string output, _) = Invoke("boot", prints, "--append", "a b", "--module", module + "=x=1 y", "-q");
        Assert.That(output, Is.EqualTo($"{prints} a b\n{module} x=1 y\n"));
    }

    [Test]
    public void A_run_directory_has_the_figures()
    {
        string run = Path.Combine(directory, "run");
        Assert.That(Invoke("boot", image, "-q", "-d", run).Code, Is.EqualTo(7));
        Assert.That(File.ReadAllText(Path.Combine(run, "stats.txt")), Does.Match(@"run\.instructions +15 #"));
        Assert.That(StatsOf(run), Does.ContainKey("lp0.host.cycles").WithValue(22).And.ContainKey("lp0.idle.cycles").WithValue(0));
        Assert.That(Directory.GetFiles(run), Has.Length.EqualTo(2), "functional knows no causes");
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "stats.json")));
        Assert.That(json.RootElement.GetProperty("seed").GetInt32(), Is.EqualTo(1));
    }

    [Test]
    public void Under_interval_the_directory_says_where_every_cycle_went()
    {
        string run = Path.Combine(directory, "run"), other = Path.Combine(directory, "other");
        string halts = Write("halts.elf", TestImage.Elf32(code => TimerImage.Emit(code, handler =>
        {
            handler.rdtsc();
            Hello(handler);
        })));
        Assert.That(Invoke("boot", halts, "-q", "--timing", "interval", "--cpus", "2", "-d", run).Code, Is.EqualTo(7));
        Assert.That(Invoke("boot", image, "-q", "--timing", "interval", "-d", other).Code, Is.EqualTo(7));
        Dictionary<string, ulong> stats = StatsOf(run);
        string[] worlds = File.ReadAllLines(Path.Combine(run, "worlds.csv"));
        (int code, string output, _) = Invoke("profile", "--compare", run, other);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Directory.GetFiles(run).Select(Path.GetFileName).Order(StringComparer.Ordinal), Is.EqualTo(new[]
            {
                "cpi.png", "cpi.svg", "profile.json", "stats.json", "stats.txt", "topdown.csv", "topdown.png", "topdown.svg",
                "worlds.csv", "worlds.png", "worlds.svg",
            }));
            ulong clocks = stats["lp0.cycles"] + stats["lp1.cycles"];
            Assert.That(Sum(stats, "cause."), Is.EqualTo(clocks), "causes sum to the clocks");
            Assert.That(Sum(stats, "lp0.", ".cycles"), Is.EqualTo(2 * stats["lp0.cycles"]), "worlds sum to the clock");
            Assert.That(Sum(stats, "cause.host."), Is.EqualTo(stats["lp0.host.cycles"] + stats["lp1.host.cycles"]));
            Assert.That(Sum(stats, "topdown.host."), Is.EqualTo(Sum(stats, "cause.host.")));
            Assert.That(stats["lp0.idle.cycles"], Is.GreaterThan(0), "it halts");
            Assert.That(stats["cause.host.device"], Is.EqualTo(8_500), "six letters, the exit, three APIC registers");
            Assert.That(stats["lp0.host.instructions"] + stats["lp1.host.instructions"], Is.EqualTo(stats["run.instructions"]));
            Assert.That(stats["cpi.host.instructions"], Is.EqualTo(stats["run.instructions"]));
            Assert.That(stats["cpi.host.cycles_per_1000"], Is.EqualTo(
                ((Sum(stats, "cause.host.") * 1000) + (stats["run.instructions"] / 2)) / stats["run.instructions"]));
            Assert.That(stats.Keys, Has.Some.StartsWith("lp0.fetch.").And.None.Contains("seam").And.None.Contains("td"));
            Assert.That(worlds.Skip(1).Sum(row => long.Parse(row.Split(',')[3], null)), Is.EqualTo((long)clocks));
            Assert.That(code, Is.Zero);
            Assert.That(output, Does.Contain("host"));
        }
    }

    [TestCase("--memory", "0")]
    [TestCase("--memory", "1M")]
    [TestCase("--memory", "3000000")]
    [TestCase("--memory", "5T")]
    [TestCase("--memory", "99999999999999T")]
    [TestCase("--memory", "lots")]
    [TestCase("--cpus", "0")]
    [TestCase("--cpus", "65")]
    [TestCase("--cpu", "486")]
    [TestCase("--timing", "wrong")]
    [TestCase("--seed", "-1")]
    [TestCase("--max-instructions", "0")]
    [TestCase("--module", "no-such-file")]
    [TestCase("--serial", "/no/such/directory/file")]
    [TestCase("-d", "/dev/null")]
    [TestCase("--floppy")]
    public void An_option_that_cannot_be_used_ends_with_two_and_a_line(params string[] options)
    {
        (int code, string output, string error) = Invoke(["boot", image, .. options]);
        Assert.That((code, output), Is.EqualTo((2, "")));
        Assert.That(error, Does.Contain(options[0]).Or.Contain(options[^1]).And.Not.Contain("   at "));
    }

    [TestCase("no-such-image")]
    [TestCase("")]
    [TestCase(".")]
    [TestCase("--memory")]
    public void A_name_that_is_no_image_ends_with_two(string name)
    {
        (int code, string output, string error) = Invoke("boot", name);
        Assert.That((code, output), Is.EqualTo((2, "")));
        Assert.That(error, Is.Not.Empty.And.Not.Contain("   at "));
    }

    [Test]
    public void A_foreign_file_ends_with_two_and_a_line()
    {
        string foreign = Write("foreign", [.. "MZ is not Multiboot"u8]);
        (int code, _, string error) = Invoke("boot", foreign);
        Assert.That((code, error), Is.EqualTo(
            (2, $"{foreign}: no Multiboot header (magic 0x1BADB002) in the first 8 KiB\n")));
    }

    [Test]
    public void Help_names_every_option()
    {
        (int code, string output, _) = Invoke("boot", "--help");
        Assert.That(code, Is.Zero);
        foreach (string option in (string[])["--append", "--module", "--memory", "--cpus", "--cpu", "--timing",
            "--max-instructions", "--serial", "--test-device", "--directory", "--seed"])
            Assert.That(output, Does.Contain(option));
    }

    private static Dictionary<string, ulong> StatsOf(string run)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "stats.json")));
        return json.RootElement.GetProperty("stats").EnumerateObject()
            .ToDictionary(stat => stat.Name, stat => stat.Value.GetProperty("value").GetUInt64());
    }

    private static ulong Sum(Dictionary<string, ulong> stats, string start, string end = "") => stats
        .Where(stat => stat.Key.StartsWith(start, StringComparison.Ordinal) && stat.Key.EndsWith(end, StringComparison.Ordinal))
        .Aggregate(0UL, (sum, stat) => sum + stat.Value);

    private static int CyclesOf(string image, params string[] more)
    {
        using JsonDocument json =
            JsonDocument.Parse(Invoke(["boot", image, "--json", "-q", "--timing", "interval", .. more]).Output);
        return json.RootElement.GetProperty("cycles").GetInt32();
    }

    private string Write(string name, byte[] bytes)
    {
        string path = Path.Combine(directory, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private static (int Code, string Output, string Error) Invoke(params string[] arguments) =>
        CommandLineTests.Invoke(arguments);

    private static void Hello(Assembler code)
    {
        TestImage.Print(code, "hello\n");
        TestImage.Exit(code, 3);
    }

    /// <summary>The command line, and the string of the first module.</summary>
    private static void PrintStrings(Assembler code)
    {
        code.mov(esi, __dword_ptr[ebx + 16]);
        PrintString(code);
        code.mov(esi, __dword_ptr[ebx + 24]);
        code.mov(esi, __dword_ptr[esi + 8]);
        PrintString(code);
        TestImage.Exit(code, 0);
    }

    private static void PrintString(Assembler code)
    {
        Label next = code.CreateLabel(), end = code.CreateLabel();
        code.mov(dx, 0x3F8);
        code.Label(ref next);
        code.mov(al, __byte_ptr[esi]);
        code.inc(esi);
        code.test(al, al);
        code.je(end);
        code.@out(dx, al);
        code.jmp(next);
        code.Label(ref end);
        code.mov(al, (byte)'\n');
        code.@out(dx, al);
    }
}

using Seamsim.Runs;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Composition;

/// <summary>Whole runs with guests from files: from real host bytes through SEAM into a TD and back.</summary>
[TestFixture]
internal sealed class ScenarioRunTests
{
    private readonly string directory =
        Path.Combine(TestContext.CurrentContext.WorkDirectory, nameof(ScenarioRunTests));

    [OneTimeSetUp]
    public void WriteGuests()
    {
        Directory.CreateDirectory(directory);
        File.WriteAllBytes(Path.Combine(directory, "print.bin"), Guest(Print));
        File.WriteAllBytes(Path.Combine(directory, "spin.bin"), [0xEB, 0xFE]);
        File.WriteAllBytes(Path.Combine(directory, "ud.bin"), [0x0F, 0x0B]);
        File.WriteAllBytes(Path.Combine(directory, "zeros.bin"), new byte[4096]);
        File.WriteAllBytes(Path.Combine(directory, "hreset.bin"), [0xF3, 0x0F, 0x3A, 0xF0, 0xC0, 0]);
    }

    [OneTimeTearDown]
    public void RemoveGuests() => Directory.Delete(directory, recursive: true);

    [TestCase(48)]
    [TestCase(52)]
    public void A_guest_from_a_file_prints_and_ends_and_every_page_comes_back(int gpaw)
    {
        RunReport report = Play($"[[tds]]\nname = \"a\"\nguest = \"print.bin\"\ngpaw = {gpaw}\n", out _);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.Problems, Is.Empty);
            Assert.That(report.Passed, Is.True);
            Assert.That(report.Tds[0].Output, Is.EqualTo("ok\n"));
            Assert.That(report.Tds[0].Mrtd, Has.Length.EqualTo(96));
            Assert.That(report.Tds[0].Rtmrs, Has.Count.EqualTo(4).And.All.EqualTo(new string('0', 96)));
        }
    }

    [TestCase(48, 5)]
    [TestCase(52, 6)]
    public void The_story_counts_the_pages_that_go_to_the_module_and_come_back(int gpaw, int tables)
    {
        Scenario scenario = Scenario.Parse(
            $"[[tds]]\nname = \"a\"\nguest = \"hello\"\ngpaw = {gpaw}\n", Path.Combine(directory, "s.toml"));
        Machine machine = new(scenario.Platform);
        machines.Add(machine);
        Recorder story = new();
        new ScenarioRun(machine, scenario, story).Play();
        int used = 1 + 6 + 6 + tables + 65;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(story.Lines, Has.Some.EqualTo(
                $"pages given to the module: {used} (1 TDR, 6 TDCS, 6 TDVPS, {tables} secure EPT, 65 private)"));
            Assert.That(story.Lines, Has.Some.EqualTo(
                $"{used} pages were given to the module for TDs, {used} came back"));
        }
    }

    [Test]
    public void A_td_that_spins_does_not_stop_another_and_is_stopped_and_torn_down()
    {
        RunReport report = Play(
            "[[tds]]\nname = \"spinner\"\nguest = \"spin.bin\"\nmax_instructions = 300_000\n"
            + "[[tds]]\nname = \"worker\"\nguest = \"print.bin\"\n", out Machine machine);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.Problems, Is.EqualTo(new[] { "spinner: Stopped: max_instructions of 300000 is spent" }));
            Assert.That(report.Tds[1].Output, Is.EqualTo("ok\n"));
            Assert.That(Inspection.PagesInUse(machine), Is.Empty);
        }
    }

    [TestCase("ud.bin", "Shutdown: triple fault")]
    [TestCase("zeros.bin", "HostFailed: KVM_RUN: -EIO")]
    public void A_guest_that_goes_wrong_is_reported_and_torn_down(string guest, string expected)
    {
        RunReport report = Play($"[[tds]]\nname = \"a\"\nguest = \"{guest}\"\n", out Machine machine);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.Passed, Is.False);
            Assert.That(report.Problems, Has.Count.EqualTo(1).And.All.Contains(expected));
            Assert.That(Inspection.PagesInUse(machine), Is.Empty);
        }
    }

    [Test]
    public void More_vcpus_than_processors_are_refused_with_the_limit_that_holds()
    {
        RunReport report = Play("[[tds]]\nname = \"a\"\nguest = \"print.bin\"\nvcpus = 3\n", out _);
        Assert.That(report.Problems, Is.EqualTo(
            new[] { "a: KVM_CREATE_VCPU: -EINVAL (3 vCPUs wanted, KVM_CAP_MAX_VCPUS is 2)" }));
    }

    [Test]
    public void An_instruction_that_is_not_modelled_raises_ud_and_is_named()
    {
        const string enumerated = "[platform]\ncpu_differs = [\"0x7.1.eax[22]=1\"]\n"; // HRESET
        RunReport report = Play(enumerated + "[[tds]]\nname = \"a\"\nguest = \"hreset.bin\"\n", out Machine machine);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.Problems, Has.Count.EqualTo(1).And.All.Contains("triple fault"));
            Assert.That(machine.UnmodelledInstructions, Is.EqualTo(new[] { "hreset" }));
        }
    }

    [Test]
    public void A_forced_status_fails_one_td_and_the_other_runs()
    {
        RunReport report = Play(
            "fail = [{ leaf = \"TDH.MNG.KEY.CONFIG\", call = 1, status = \"TDX_KEY_STATE_INCORRECT\" }]\n"
            + "[[tds]]\nname = \"first\"\nguest = \"print.bin\"\n[[tds]]\nname = \"second\"\nguest = \"print.bin\"\n",
            out Machine machine);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.Problems, Has.Count.EqualTo(1).And.All.StartsWith("first: KVM_TDX_INIT_VM: -EIO"));
            Assert.That(report.Tds[1].Output, Is.EqualTo("ok\n"));
            Assert.That(Inspection.PagesInUse(machine), Is.Empty);
        }
    }

    [Test]
    public void Virtual_cpus_run_on_processors_of_their_own()
    {
        RunReport report = Play(
            "[platform]\npackages = 2\n[[tds]]\nname = \"a\"\nguest = \"accept\"\nvcpus = 2\ngpaw = 52\n",
                out Machine machine);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.Problems, Is.Empty);
            Assert.That(report.Tds[0].Endings, Has.Count.EqualTo(2));
            Assert.That(Inspection.PagesInUse(machine), Is.Empty);
        }
    }

    [Test]
    public void The_same_scenario_and_seed_give_the_same_stats_json()
    {
        const string toml = "seed = 3\n[[tds]]\nname = \"a\"\nguest = \"print.bin\"\nvcpus = 2\n";
        RunReport first = Play(toml, out Machine one), second = Play(toml, out Machine two);
        Scenario scenario = Scenario.Parse(toml, "s.toml");
        Assert.That(
            Stats.ToJson(Stats.Of(two, second), scenario, second.Passed),
            Is.EqualTo(Stats.ToJson(Stats.Of(one, first), scenario, first.Passed)));
    }

    [Test]
    public void The_measurement_of_a_td_does_not_depend_on_the_seed()
    {
        const string td = "[[tds]]\nname = \"a\"\nguest = \"print.bin\"\n";
        RunReport first = Play("seed = 3\n" + td, out _), second = Play("seed = 4\n" + td, out _);
        Assert.That(second.Tds[0].Mrtd, Is.EqualTo(first.Tds[0].Mrtd));
    }

    private RunReport Play(string toml, out Machine machine)
    {
        Scenario scenario = Scenario.Parse(toml, Path.Combine(directory, "s.toml"));
        machine = new Machine(scenario.Platform);
        machines.Add(machine);
        ScenarioRun run = new(machine, scenario, new SilentTeller());
        run.Play();
        return run.Report;
    }

    private readonly List<Machine> machines = [];

    [TearDown]
    public void DisposeMachines()
    {
        foreach (Machine machine in machines)
            machine.Dispose();
        machines.Clear();
    }

    private static byte[] Guest(Action<Iced.Intel.Assembler> emit)
    {
        Iced.Intel.Assembler code = new(64);
        emit(code);
        using MemoryStream bytes = new();
        code.Assemble(new Iced.Intel.StreamCodeWriter(bytes), 0x10_0000);
        return bytes.ToArray();
    }

    /// <summary>TDG.VP.VMCALL&lt;Instruction.IO&gt;: "ok" and a newline to the serial port, 0 to port 0xF4.</summary>
    private static void Print(Iced.Intel.Assembler code)
    {
        foreach ((int port, int value) in new[] { (0x3F8, (int)'o'), (0x3F8, 'k'), (0x3F8, '\n'), (0xF4, 0) })
        {
            code.xor(eax, eax);
            code.mov(ecx, 0xFC00);
            code.xor(r10d, r10d);
            code.mov(r11d, 30);
            code.mov(r12d, 1);
            code.mov(r13d, 1);
            code.mov(r14d, port);
            code.mov(r15d, value);
            code.tdcall();
        }
        Iced.Intel.Label forever = code.CreateLabel();
        code.Label(ref forever);
        code.jmp(forever);
    }

    private sealed class Recorder : IStoryTeller
    {
        public List<string> Lines { get; } = [];

        public void Chapter(string title) => Lines.Add(title);

        public void Say(string text) => Lines.Add(text);

        public void Problem(string text) => Lines.Add(text);
    }
}

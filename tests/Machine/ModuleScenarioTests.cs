using Seamsim.Configuration;
using Seamsim.Firmware.Abi;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.CpuidPolicies;
using Seamsim.Host.Kvm.Uapi;
using Seamsim.Isa.Seam;
using Seamsim.Runs;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Composition;

/// <summary>
/// Scenarios that choose their module and bend their processor: from TOML to what a TD and the host see.
/// </summary>
[TestFixture]
internal sealed class ModuleScenarioTests
{
    private const uint TestCtrl = 0x33;
    private const ulong UcLockDisable = 1UL << 28;

    private readonly string directory =
        Path.Combine(TestContext.CurrentContext.WorkDirectory, nameof(ModuleScenarioTests));

    [OneTimeSetUp]
    public void WriteFiles()
    {
        Directory.CreateDirectory(directory);
        File.WriteAllBytes(Path.Combine(directory, "wrmsr.bin"), WriteTestCtrl());
        File.WriteAllText(
            Path.Combine(directory, "whatif.toml"),
            "name = \"whatif\"\ntitle = \"SHA and what e8 does\"\nbase = \"1.5.01\"\non_top_of = \"e8\"\n"
            + "hypothetical = true\nsource = \"test\"\n[[field]]\nleaf = 7\nsubleaf = 0\nregister = \"ebx\"\n"
            + "name = \"SHA\"\ncategory = \"CONFIG_DIRECT\"\nreason = \"r\"\n");
        File.WriteAllText(Path.Combine(directory, "a.toml"), Circle("a", "b.toml"));
        File.WriteAllText(Path.Combine(directory, "b.toml"), Circle("b", "a.toml"));
    }

    [OneTimeTearDown]
    public void RemoveFiles() => Directory.Delete(directory, recursive: true);

    [TestCase("e8", true)]
    [TestCase("whatif.toml", true)]
    [TestCase("e8", false)]
    public void A_td_that_may_writes_the_hosts_MSR_and_nobody_puts_it_back(string module, bool feature)
    {
        Scenario scenario = Parse(
            $"[platform]\nmodule = \"{module}\"\n[[tds]]\nname = \"a\"\nguest = \"wrmsr.bin\"\n"
            + (feature ? "cpuid = [{ leaf = 7, subleaf = 2, register = \"edx\", set = 0x40 }]\n" : ""));
        using Machine machine = new(scenario.Platform);
        RunReport report = Play(machine, scenario);
        ulong[] values = [.. machine.Cores.Select(core => core.TryRdmsr(TestCtrl, out ulong value) ? value : 0)];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.Problems,
                feature ? Is.Empty : Has.Count.EqualTo(1).And.All.Contains("triple fault"), "#VE without a handler");
            Assert.That(values.Contains(UcLockDisable), Is.EqualTo(feature));
        }
    }

    [Test]
    public void The_old_module_refuses_the_bit() =>
        Assert.That(
            Report("[[tds]]\nname = \"a\"\nguest = \"wrmsr.bin\"\n"
                + "cpuid = [{ leaf = 7, subleaf = 2, register = \"edx\", set = 0x40 }]\n").Problems,
            Has.Some.Contains("EINVAL"));

    [TestCase("e1")]
    [TestCase("e6")]
    public void A_shipped_overlay_runs_the_default_story(string module)
    {
        Scenario scenario = Scenario.Default($"platform.module={module}");
        using Machine machine = new(scenario.Platform);
        Assert.That(Play(machine, scenario).Problems, Is.Empty);
    }

    [Test]
    public void A_platform_with_fewer_address_bits_comes_up_under_the_module_that_takes_them()
    {
        const string narrow = "steps = [\"load\", \"init\"]\n[platform]\nmax_phys_addr = 46\n";
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Report(narrow + "module = \"any-maxphyaddr\"\n").Problems, Is.Empty);
            Assert.That(Report(narrow).Problems, Has.Some.Contains("TDH.SYS.INIT"));
        }
    }

    [TestCase("[]", 0u)]
    [TestCase("[\"0x7.0.edx[15]=1\"]", 1u << 15)]
    public void A_processor_may_differ_from_its_model_on_every_lp(string differs, uint expected)
    {
        Scenario scenario = Parse($"[platform]\nmodule = \"e7\"\ncpu_differs = {differs}\n");
        using Machine machine = new(scenario.Platform);
        machine.BringUp();
        IEnumerable<uint> bits = machine.Cores.Select(
            core => machine.Parts.Uncore.Model.Cpuid(core, 7, 0).Edx & 1 << 15);
        Assert.That(bits, Is.All.EqualTo(expected));
    }

    [Test]
    public void A_definition_is_read_once_and_shared()
    {
        Platform one = Scenario.Default("platform.module=e3").Platform, two = new() { Module = "e3" };
        using (Assert.EnterMultipleScope())
        {
            Assert.That(one.ModuleDefinition, Is.SameAs(two.ModuleDefinition));
            Assert.That(one.ModuleDefinition.ToString(), Is.EqualTo("1.5.01 + e3 (hypothetical)"));
            Assert.That(new Platform().ModuleDefinition.ToString(), Is.EqualTo("1.5.01"));
            Assert.That((one with { Module = "e4" }).ModuleDefinition.Name, Is.EqualTo("e4"));
        }
    }

    [Test]
    public void Every_shipped_overlay_loads_says_what_it_is_and_that_it_is_hypothetical()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ModuleDefinition.ShippedOverlays, Is.EqualTo(new[]
                { "any-maxphyaddr", "e1", "e1-unknown", "e2", "e3", "e4", "e5", "e6", "e7", "e8" }));
            foreach (string name in ModuleDefinition.ShippedOverlays)
            {
                ModuleDefinition module = ModuleDefinition.Resolve(name);
                Assert.That((module.Name, module.Hypothetical), Is.EqualTo((name, true)));
                Assert.That(module.Title, Is.Not.Empty);
                Assert.That(module.Overlays[0].Source, Does.StartWith("hypothetical"));
                Assert.That(module.Overlays[0].Fields, Is.Not.Empty);
            }
        }
    }

    // What each upgrade event needs of its bit: whether KVM has the leaf in its supported list, whether it lets the bit
    // through, and what the model's processor has.
    [TestCase("e1", "0x7.0.1[29]", true, true, 1u)]
    [TestCase("e1-unknown", "0x7.0.3[30]", true, false, 1u)]
    [TestCase("e2", "0x7.0.2[29]", true, false, 1u)]
    [TestCase("e3", "0x7.2.3[7]", true, false, 0u)]
    [TestCase("e4", "0x20.0.1[0]", false, false, 0u)]
    [TestCase("e5", "0x4.3.3[2]", true, true, 1u)]
    [TestCase("e6", "0x16.0.0[0]", false, false, 0u)]
    [TestCase("e7", "0x7.0.3[15]", true, false, 0u)]
    [TestCase("e8", "0x7.2.3[6]", true, false, 0u)]
    public void The_bit_of_an_event_is_known_to_KVM_and_the_processor_as_the_event_asks(
        string overlay, string place, bool kvmKnowsLeaf, bool kvmKnowsBit, uint native)
    {
        CpuidFieldChange bit = ModuleDefinition.Resolve(overlay).Overlays[0].Fields[0];
        uint subleaf = bit.Subleaf == CpuidEntry.NoSubleaf ? 0 : bit.Subleaf;
        CpuidValue everything = new(~0u, ~0u, ~0u, ~0u);
        KvmCpuidEntry2[] known =
            [.. SupportedCpuid.Build((_, _) => everything, true).Where(entry => entry.Answers(bit.Leaf, subleaf))];
        using Machine machine = new(new Platform());
        CpuidResult cpu = machine.Parts.Uncore.Model.Cpuid(machine.Cores[0], bit.Leaf, subleaf);
        CpuidValue has = new(cpu.Eax, cpu.Ebx, cpu.Ecx, cpu.Edx);
        using (Assert.EnterMultipleScope())
        {
            Assert.That($"0x{bit.Leaf:x}.{subleaf:x}.{bit.Register}[{bit.Lsb}]", Is.EqualTo(place));
            Assert.That(known, Has.Length.EqualTo(kvmKnowsLeaf ? 1 : 0));
            Assert.That(known.Any(entry => Bit(entry.Value, bit) != 0), Is.EqualTo(kvmKnowsBit));
            Assert.That(Bit(has, bit), Is.EqualTo(native));
        }
    }

    [Test]
    public void A_file_lies_on_the_overlay_it_names()
    {
        ModuleDefinition module = ModuleDefinition.Resolve("whatif.toml", directory);
        Assert.That((module.ToString(), module.Tables.NativeMsrs.Count),
            Is.EqualTo(("1.5.01 + e8 + whatif (hypothetical)", 1)));
    }

    [TestCase("module = \"e99\"",
        "s.toml:2: platform.module: expected a version (1.5.01), a shipped overlay (any-maxphyaddr, e1,")]
    [TestCase("module = \"nowhere.toml\"", "s.toml:2: platform.module: expected a version")]
    [TestCase("module = \"a.toml\"", "b.toml:4: on_top_of: expected an overlay that does not lie on this one")]
    [TestCase("cpu_differs = [\"ebx\"]", "s.toml:2: platform.cpu_differs: expected leaf.subleaf.register=value")]
    [TestCase("cpu_differs = 1", "s.toml:2: platform.cpu_differs: expected an array of strings")]
    public void A_module_or_processor_that_cannot_be_is_refused(string line, string expected)
    {
        ConfigurationException wrong = Assert.Throws<ConfigurationException>(() => Parse($"[platform]\n{line}\n"))!;
        Assert.That(wrong.Message, Does.StartWith(Path.Combine(directory, expected)));
    }

    private static uint Bit(CpuidValue value, CpuidFieldChange bit) => (bit.Register switch
    {
        0 => value.Eax,
        1 => value.Ebx,
        2 => value.Ecx,
        _ => value.Edx,
    }) >> bit.Lsb & 1;

    private Scenario Parse(string toml) => Scenario.Parse(toml, Path.Combine(directory, "s.toml"));

    private RunReport Report(string toml)
    {
        Scenario scenario = Parse(toml);
        using Machine machine = new(scenario.Platform);
        return Play(machine, scenario);
    }

    private static RunReport Play(Machine machine, Scenario scenario)
    {
        ScenarioRun run = new(machine, scenario, new SilentTeller());
        run.Play();
        return run.Report;
    }

    private static string Circle(string name, string other) =>
        $"name = \"{name}\"\ntitle = \"t\"\nbase = \"1.5.01\"\non_top_of = \"{other}\"\n"
        + "hypothetical = true\nsource = \"s\"\n";

    /// <summary>WRMSR of MSR_TEST_CTRL, then TDG.VP.VMCALL&lt;Instruction.IO&gt;: 0 to port 0xF4 ends the TD.</summary>
    private static byte[] WriteTestCtrl()
    {
        Iced.Intel.Assembler code = new(64);
        code.mov(ecx, TestCtrl);
        code.mov(eax, (uint)UcLockDisable);
        code.xor(edx, edx);
        code.wrmsr();
        code.xor(eax, eax);
        code.mov(ecx, 0xFC00);
        code.xor(r10d, r10d);
        code.mov(r11d, 30);
        code.mov(r12d, 1);
        code.mov(r13d, 1);
        code.mov(r14d, 0xF4);
        code.xor(r15d, r15d);
        code.tdcall();
        code.ud2();
        using MemoryStream bytes = new();
        code.Assemble(new Iced.Intel.StreamCodeWriter(bytes), 0x10_0000);
        return bytes.ToArray();
    }
}

using Seamsim.Consistency;
using Seamsim.Firmware.Abi;
using Seamsim.Host.Guests;
using Seamsim.Host.Kvm.Uapi;
using Seamsim.Runs;
using TdReport = Seamsim.Runs.TdReport;

namespace Seamsim.Tests.Composition.Consistency;

/// <summary>The census guest says what a TD really sees, and the three views are compared bit by bit.</summary>
[TestFixture]
internal sealed class CensusTests
{
    private const string Census = """
        steps = ["load", "init", "create", "run", "destroy"]
        [platform]
        lps_per_package = 1
        memory = "1 GiB"
        [td]
        memory = "4 KiB"
        xfam = ["X87", "SSE", "AVX"]
        [[tds]]
        name = "td"
        guest = "census"

        """;

    [Test]
    public void What_the_td_executes_is_what_the_module_told_kvm_but_for_bits_that_follow_the_vcpu()
    {
        TdReport td = Play(Census);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(td.Consistency!.TdKvm, Is.Empty);
            Assert.That(td.Consistency.TdUser, Is.Empty);
            Assert.That(td.Consistency.KvmUser, Is.Empty);
            Assert.That(td.Consistency.Td[0x21, 0].Ebx, Is.EqualTo(0x65746E49U), "\"Inte\" of IntelTDX");
        }
    }

    [Test]
    public void A_leaf_raises_ve_exactly_when_the_table_says_so_or_does_not_know_it()
    {
        Scenario scenario = Scenario.Parse(Census, "census.toml");
        using Machine machine = new(scenario.Platform);
        ScenarioRun run = new(machine, scenario, new SilentTeller());
        run.Play();
        CpuidTable table = machine.Platform.ModuleDefinition.Tables.Cpuid;
        CensusReport census = run.Report.Tds[0].Consistency!.Census;
        using (Assert.EnterMultipleScope())
        {
            foreach (CensusRow row in census.Rows)
            {
                uint leaf = row.Leaf is > 0x23 and < 0x4000_0000 ? 0x23 : row.Leaf;
                bool expected = table.Find(leaf, row.Subleaf) is not { Faulting: false };
                Assert.That(row.FromVmm, Is.EqualTo(expected), $"leaf 0x{row.Leaf:X}.{row.Subleaf}");
            }
        }
    }

    [Test]
    public void The_features_kvm_does_not_support_are_named()
    {
        TdReport td = Play(Census);
        Assert.That(td.Consistency!.UnknownToKvm, Does.Contain(new CpuidBit(1, 0, 2, 31)), "HYPERVISOR");
    }

    [Test]
    public void A_series_kvm_hides_from_its_user_what_it_does_not_know()
    {
        TdReport td = Play(Census + "[kvm]\npolicy = \"P3\"\n");
        CpuidBit hypervisor = new(1, 0, 2, 31);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(td.Consistency!.TdKvm, Does.Contain(hypervisor));
            Assert.That(td.Consistency.TdUser, Does.Contain(hypervisor));
            Assert.That(td.Consistency.KvmUser, Is.Empty);
        }
    }

    [TestCase("", 0)]
    [TestCase("cpuid = [{ leaf = \"0x7\", register = \"ecx\", set = \"0x20\" }]\n", 0,
        Description = "Linux 6.16 refuses WAITPKG")]
    public void Msrs_of_the_host_outlive_a_td(string td, int clobbered)
    {
        string toml = Census.Replace("[td]\n", "[td]\n" + td, StringComparison.Ordinal).Insert(0, "refusals = \"record\"\n");
        Assert.That(PlayAll(toml).Clobbered, Has.Count.EqualTo(clobbered));
    }

    [Test]
    public void The_table_of_views_has_a_row_for_every_bit_that_is_in_dispute()
    {
        Scenario scenario = Scenario.Parse(Census + "[kvm]\npolicy = \"P3\"\n", "census.toml");
        using Machine machine = new(scenario.Platform);
        ScenarioRun run = new(machine, scenario, new SilentTeller());
        run.Play();
        TdConsistency views = run.Report.Tds[0].Consistency!;
        string[] rows = ViewsTable.Of(views, before: null, machine.Platform.ModuleDefinition.Tables.CpuidFields)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)[1..];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(rows, Does.Contain("0x1,0,ECX,31,HYPERVISOR,1,0,0,,1"));
            Assert.That(rows, Has.Length.EqualTo(views.TdKvm.Union(views.TdUser).Union(views.UnknownToKvm).Count()));
            Assert.That(rows.Count(row => row.EndsWith(",1", StringComparison.Ordinal)),
                Is.EqualTo(views.UnknownToKvm.Count));
        }
    }

    [Test]
    public void A_bit_is_written_as_leaf_subleaf_register_and_position() =>
        Assert.That($"{new CpuidBit(0x8000_0008, 0, 1, 9)}", Is.EqualTo("0x80000008.0.EBX[9]"));

    private static TdReport Play(string toml) => PlayAll(toml).Tds[0];

    private static RunReport PlayAll(string toml)
    {
        Scenario scenario = Scenario.Parse(toml, "census.toml");
        using Machine machine = new(scenario.Platform);
        ScenarioRun run = new(machine, scenario, new SilentTeller());
        run.Play();
        return run.Report;
    }
}

using Seamsim.Isa.Paging;
using Seamsim.Runs;

namespace Seamsim.Tests.Composition.Consistency;

/// <summary>Memory references of two-dimensional page walks, measured in a TD.</summary>
[TestFixture]
internal sealed class PageWalkTests
{
    // A walk of g guest levels over e EPT levels reads g guest entries, and e EPT entries for each of them and the page.
    [TestCase("walk",   48, 24)]
    [TestCase("walk",   52, 29)]
    [TestCase("walk57", 48, 29)]
    [TestCase("walk57", 52, 35)]
    public void The_longest_walk_reads_every_entry_of_both_tables(string guest, int gpaw, int references)
    {
        Scenario scenario = Scenario.Parse(
            $$"""
            [platform]
            memory = "1 GiB"
            [td]
            memory = "4 KiB"
            cpuid = [{ leaf = "0x7", register = "ecx", set = "0x10000" }]
            [[tds]]
            name = "td"
            guest = "{{guest}}"
            gpaw = {{gpaw}}

            """, "walk.toml");
        using Machine machine = new(scenario.Platform);
        ScenarioRun run = new(machine, scenario, new SilentTeller());
        run.Play();
        PageWalkCount most = machine.Cores.Select(core => core.TdWalks).MaxBy(walks => walks.Most);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Report.Problems, Is.Empty);
            Assert.That(most.Most, Is.EqualTo(references));
            Assert.That(most.Walks, Is.GreaterThan(64), "64 rounds");
            Assert.That(most.References, Is.EqualTo(most.Walks * (ulong)references).Within(20).Percent);
        }
    }
}

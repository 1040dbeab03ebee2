namespace Seamsim.Tests.Composition;

/// <summary>Defaults, file and overrides, in this order; the resolved text says where every value comes from.</summary>
[TestFixture]
internal sealed class ScenarioLayers
{
    [Test]
    public void The_defaults_are_the_defaults_of_the_platform()
    {
        Scenario scenario = Scenario.Default();
        Platform expected = new();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(scenario.Platform with
                { OddLps = expected.OddLps, CpuDiffers = [], Forced = expected.Forced, Costs = expected.Costs },
                Is.EqualTo(expected with { CpuDiffers = [] }));
            Assert.That(scenario.Platform.Costs.Name, Does.StartWith("interval"), "a scenario asks for time, a fixture counts");
            Assert.That(scenario.Tds.Select(td => td.Gpaw), Is.EqualTo(new[] { 48, 52 }));
            Assert.That(scenario.Steps.Select(step => step.Verb),
                Is.EqualTo(new[] { "load", "init", "create", "run", "destroy" }));
        }
    }

    [Test]
    public void A_file_replaces_what_it_names_and_an_override_replaces_the_file()
    {
        Scenario scenario = Scenario.Parse(
            "seed = 9\n[platform]\npackages = 2\nlps_per_package = 4\n[[tds]]\nname = \"only\"\n", "my.toml",
            "platform.packages=3", "tds.0.memory=1 MiB", "seed=0x10");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(scenario.Platform.Packages, Is.EqualTo(3));
            Assert.That(scenario.Platform.LpsPerPackage, Is.EqualTo(4));
            Assert.That(scenario.Platform.Seed, Is.EqualTo(16));
            Assert.That(scenario.Tds, Has.Count.EqualTo(1));
            Assert.That(scenario.Tds[0].MemoryBytes, Is.EqualTo(1UL << 20));
        }
    }

    [Test]
    public void The_resolved_text_carries_origins_and_reads_back_as_the_same_scenario()
    {
        Scenario first = Scenario.Parse(
            "[platform]\npackages = 2\n[td]\nvcpus = 3\n[[tds]]\nname = \"a\"\n"
            + "cpuid = [{ leaf = 7, register = \"ebx\", set = 1 }]\n",
            "my.toml", "seed=5");
        Scenario second = Scenario.Parse(first.ResolvedText, "config.toml");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(first.ResolvedText, Does.Contain("packages = 2   # my.toml:2"));
            Assert.That(first.ResolvedText, Does.Contain("seed = 5   # -c seed=5"));
            Assert.That(first.ResolvedText, Does.Contain("keyid_bits = 6   # default"));
            Assert.That(second.Platform.Seed, Is.EqualTo(5));
            Assert.That(second.Platform.Packages, Is.EqualTo(2));
            Assert.That(second.Tds[0].Vcpus, Is.EqualTo(3));
            Assert.That(second.Tds[0].Cpuid, Is.EqualTo(first.Tds[0].Cpuid));
        }
    }

    [Test]
    public void Forced_statuses_are_leaf_number_call_and_value()
    {
        Scenario scenario = Scenario.Parse(
            "fail = [{ leaf = \"TDH.MNG.KEY.CONFIG\", call = 2, status = \"TDX_OPERAND_BUSY|0x80\" }]", "my.toml");
        Assert.That(scenario.Platform.Forced,
            Is.EqualTo(new[] { new Seamsim.Timing.ForcedStatus(8, 2, 0x8000_0200_0000_0080) }));
    }
}

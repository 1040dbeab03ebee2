using Seamsim.Sweeps;

namespace Seamsim.Tests.Sweeps;

/// <summary>Axes, their names in a scenario, and the order and names of runs.</summary>
[TestFixture]
internal sealed class GridTests
{
    [Test]
    public void The_last_axis_varies_fastest_and_a_run_is_named_by_index_and_values()
    {
        Grid grid = Read("[grid]\npackages = [1, 2]\nguest = [\"hello\", \"a b/../c\"]").Grid;
        Assert.That(grid.Points.Select(point => point.Name), Is.EqualTo(new[]
        {
            "0000-packages=1,guest=hello", "0001-packages=1,guest=a_b_.._c",
            "0002-packages=2,guest=hello", "0003-packages=2,guest=a_b_.._c",
        }));
    }

    [Test]
    public void A_long_value_does_not_make_a_long_name()
    {
        Grid grid = Read($"[grid]\nguest = [\"{new string('x', 400)}\"]").Grid;
        Assert.That(grid.Point(0).Name, Has.Length.LessThanOrEqualTo(160).And.StartsWith("0000-guest=xxx"));
    }

    [TestCase("gpaw", "td.gpaw")]
    [TestCase("td.gpaw", "td.gpaw")]
    [TestCase("module", "platform.module")]
    [TestCase("from_module", "upgrade.from_module")]
    [TestCase("policy", "kvm.policy")]
    [TestCase("seed", "seed")]
    [TestCase("max_instructions", "max_instructions")]
    [TestCase("tds.0.gpaw", "tds.0.gpaw")]
    public void An_axis_means_a_key_by_its_path_or_its_last_word(string axis, string key)
    {
        Axis read = Read($"[grid]\n\"{axis}\" = [1]").Grid.Axes[0];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(read.Name, Is.EqualTo(axis));
            Assert.That(read.Values[0].Sets.Select(one => one.Key), Is.EqualTo(new[] { key }));
        }
    }

    [Test]
    public void Nested_tables_and_dotted_keys_name_the_same_axis()
    {
        string[] forms = ["[grid]\n\"td.gpaw\" = [48]", "[grid]\ntd.gpaw = [48]", "[grid.td]\ngpaw = [48]"];
        Assert.That(forms.Select(form => Read(form).Grid.Axes[0].Name), Is.All.EqualTo("td.gpaw"));
    }

    [Test]
    public void Values_are_named_in_tables_as_people_would()
    {
        Axis attributes = Read(
            "[grid]\nattributes = [[], [\"DEBUG\"], [\"DEBUG\", \"PKS\"], \"0x1\", 7]").Grid.Axes[0];
        Assert.That(attributes.Values.Select(value => value.Text),
            Is.EqualTo(new[] { "none", "DEBUG", "DEBUG+PKS", "0x1", "7" }));
    }

    [Test]
    public void A_bundle_sets_its_keys_together()
    {
        Axis axis = Read(
            "[grid]\nevent = [\"E1\"]\n[bundle.event.E1]\n\"platform.module\" = \"1.5.01\"\ntd.gpaw = 52").Grid.Axes[0];
        Assert.That(axis.Values[0].Sets.Select(one => one.Key), Is.EqualTo(new[] { "platform.module", "td.gpaw" }));
    }

    [Test]
    public void Set_axes_and_overrides_reach_the_scenario_in_this_order()
    {
        Experiment experiment = Read("[set]\nlps_per_package = 4\nkeyid_bits = 7\n[grid]\npackages = [1, 2]");
        SweepPlan plan = new(experiment, ["keyid_bits=8", "seed=9"]);
        Platform platform = plan.ScenarioOf(experiment.Grid.Point(1), "x").Platform;
        Assert.That(
            (platform.Packages, platform.LpsPerPackage, platform.KeyIdBits, platform.Seed), Is.EqualTo((2, 4, 8, 9UL)));
    }

    [Test]
    public void Runs_that_differ_have_different_fingerprints_and_equal_plans_equal_ones()
    {
        const string toml = "[grid]\npackages = [1, 2]\nseed = [1, 2]";
        SweepPlan one = new(Read(toml), []), same = new(Read(toml), []), other = new(Read(toml), ["keyid_bits=7"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(one.Fingerprints, Is.Unique);
            Assert.That(same.Fingerprints, Is.EqualTo(one.Fingerprints));
            Assert.That(other.Fingerprints.Intersect(one.Fingerprints), Is.Empty);
        }
    }

    private static Experiment Read(string toml) => ExperimentReader.Read(toml, "my.toml");
}

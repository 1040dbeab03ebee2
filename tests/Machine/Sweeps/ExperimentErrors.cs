using Seamsim.Configuration;
using Seamsim.Sweeps;

namespace Seamsim.Tests.Sweeps;

/// <summary>A wrong experiment is answered with file, line and what was expected, before anything runs.</summary>
[TestFixture]
internal sealed class ExperimentErrors
{
    private const string TwoAxes = "[grid]\ngpaw = [48, 52]\nvcpus = [1, 2]\n";

    private static IEnumerable<TestCaseData> Rows()
    {
        yield return Row("title = \"x\"", "my.toml:1: grid: missing; expected a table");
        yield return Row("[grid]", "my.toml:1: grid: expected at least one axis");
        yield return Row("[grid]\ngpa = [48]",
            "my.toml:2: gpa: no such scenario key, and there is no [bundle.gpa.VALUE] that says what a value sets; "
            + "expected one of seed, max_instructions,");
        yield return Row("[grid]\n\nmemory = [1]",
            "my.toml:3: memory: expected one scenario key, and this means platform.memory or td.memory");
        yield return Row("[grid]\n\"platform.packges\" = [1]", "my.toml:2: platform.packges: no such scenario key");
        yield return Row("[grid]\ngpaw = []", "my.toml:2: gpaw: expected an array of one value or more");
        yield return Row("[grid]\ngpaw = 48", "my.toml:2: gpaw: expected an array of one value or more");
        yield return Row("[grid]\ngpaw = [\n48,\n48]", "my.toml:4: gpaw: \"48\" is there twice");
        yield return Row("[grid]\nstatus = [1]", "my.toml:2: status: every table has a column of this name");
        yield return Row("[grid]\nevent = [\"a\",\n\"b\"]\n[bundle.event.a]",
            "my.toml:3: event: \"b\": expected a table [bundle.event.b]");
        yield return Row("[grid]\ngpaw = [48]\n[bundle.gpaw.48]",
            "my.toml:3: bundle.gpaw: td.gpaw can be meant by gpaw already");
        yield return Row("[grid]\ngpaw = [48]\n[bundle.evnt.a]", "my.toml:3: bundle.evnt: no such axis; expected one of gpaw");
        yield return Row("[grid]\nevent = [\"a\"]\n[bundle.event.a]\nsed = 1",
            "my.toml:4: sed: no such scenario key");
        yield return Row("[grid]\ngpaw = [48]\nevent = [\"a\"]\n[bundle.event.a]\n\"td.gpaw\" = 52",
            "my.toml:5: event: td.gpaw is set by the axis gpaw already");
        yield return Row("[set]\ngpa = 1\n[grid]\ngpaw = [48]", "my.toml:2: gpa: no such scenario key");
        yield return Row("grd = 1\n[grid]\ngpaw = [48]", "my.toml:1: grd: no such key; expected one of bundle, grid,");
        yield return Row("scenario = 7\n[grid]\ngpaw = [48]", "my.toml:1: scenario: expected a string");
        yield return Row(
            "[grid]\nseed = [" + string.Join(", ", Enumerable.Range(0, 1001)) + "]\npackages = ["
            + string.Join(", ", Enumerable.Range(0, 1001)) + "]",
            "my.toml:1: grid: expected at most 1000000 runs");
        yield return Row(TwoAxes + "[table]\ncolumns = [\"cycles\"]",
            "my.toml:5: table.columns: \"cycles\": expected the dotted name of a statistic");
        yield return Row(TwoAxes + "[table]\ncolumns = [\"gpaw\"]", "my.toml:5: table.columns: \"gpaw\" is a column");
        yield return Row(TwoAxes + "[table]\ncolumns = [\n\"a.b\",\n\"a.b\"]",
            "my.toml:7: table.columns: \"a.b\" is a column already");
        yield return Plot("kind = \"heatmap\"", "my.toml:4: plot.0.name: missing");
        yield return Plot("name = \"a b\"", "my.toml:5: plot.0.name: expected a word of letters");
        yield return Plot("name = \"p\"\nkind = \"pie\"", "my.toml:6: plot.0.kind: expected one of heatmap, lines, bars");
        yield return Plot("name = \"p\"\nkind = \"lines\"\nx = \"gpa\"",
            "my.toml:7: plot.0.x: expected an axis of the grid: gpaw, vcpus");
        yield return Plot("name = \"p\"\nkind = \"heatmap\"\nx = \"gpaw\"\ny = \"vcpu\"",
            "my.toml:8: plot.0.y: expected an axis of the grid");
        yield return Plot("name = \"p\"\nkind = \"lines\"\nx = [\"gpaw\", \"vcpus\"]", "my.toml:7: plot.0.x: expected one axis");
        yield return Plot("name = \"p\"\nkind = \"lines\"\nx = \"gpaw\"\nseries = \"vcpus\"\nvalue = \"status\"",
            "my.toml:9: plot.0.value: expected one of the table's columns, or the dotted name");
        yield return Plot("name = \"p\"\nkind = \"heatmap\"\nx = \"gpaw\"\ny = \"vcpus\"\nvalue = \"cycles\"",
            "my.toml:9: plot.0.value: expected status, outcome, one of the table's columns");
        yield return Plot("name = \"p\"\nkind = \"lines\"\nx = \"gpaw\"\nvalue = \"lp0.cycles\"",
            "my.toml:4: plot \"p\": several runs fall in one place: expected the axis vcpus in x, series or facet");
        yield return Plot("name = \"p\"\nkind = \"lines\"\nx = \"gpaw\"\nvalue = \"lp0.cycles\"\nwhere = { vcpus = 3 }",
            "my.toml:9: plot.0.where.vcpus: expected values out of 1, 2");
        yield return Plot("name = \"p\"\nkind = \"lines\"\nx = \"gpaw\"\nvalue = \"lp0.cycles\"\nwhere = { vcpu = 1 }",
            "my.toml:9: plot.0.where.vcpu: no such key");
        yield return Plot("name = \"p\"\nkind = \"heatmap\"\nx = \"gpaw\"\ny = \"gpaw\"\nvalue = \"status\"",
            "my.toml:7: plot.0.x: expected different axes");
        yield return Plot("name = \"p\"\nkind = \"heatmap\"\nx = \"gpaw\"\ny = \"vcpus\"\nvalue = \"status\"\nseries = \"gpaw\"",
            "my.toml:10: plot.0.series: no such key");
    }

    [TestCaseSource(nameof(Rows))]
    public void A_wrong_experiment_names_its_line_and_what_was_expected(string toml, string expected)
    {
        ConfigurationException wrong =
            Assert.Throws<ConfigurationException>(() => ExperimentReader.Read(toml, "my.toml"))!;
        Assert.That(wrong.Message, Does.StartWith(expected));
    }

    private static IEnumerable<TestCaseData> PlanRows()
    {
        yield return Row("scenario = \"none.toml\"\n[grid]\nseed = [1]", "my.toml:1: scenario: none.toml: expected a file");
        yield return Row("[grid]\npackages = [\n1,\n9]", "my.toml:4: platform.packages: expected an integer 1..8");
        yield return Row("[set]\npackages = 9\n[grid]\nseed = [1]", "my.toml:2: platform.packages: expected an integer");
        yield return Row("[grid]\n\"tds.7.gpaw\" = [48]", "my.toml:2: 7: expected an index 0..1");
        yield return Row("[grid]\n\"tds.0.gpa\" = [48]", "my.toml:2: tds.0.gpa: no such key");
        yield return Row("[grid]\ngpaw = [48, 52]", "my.toml:2: gpaw: every TD of the scenario sets gpaw itself");
        yield return Row("[grid]\n\"tds.0.guest\" = [\"hello\",\n\"no.bin\"]",
            "my.toml:3: guest: \"no.bin\": expected one of hello,");
    }

    [TestCaseSource(nameof(PlanRows))]
    public void A_run_that_cannot_be_played_is_found_before_any_is(string toml, string expected)
    {
        Experiment experiment = ExperimentReader.Read(toml, "my.toml");
        ConfigurationException wrong = Assert.Throws<ConfigurationException>(() => new SweepPlan(experiment, []))!;
        Assert.That(wrong.Message, Does.StartWith(expected));
    }

    [TestCase("packages=1", "-c packages=1: platform.packages is set by the axis packages")]
    [TestCase("pakages=1", "-c pakages=1: pakages: no such scenario key")]
    [TestCase("memory=1", "-c memory=1: memory: expected one scenario key")]
    [TestCase("lps_per_package=0", "-c lps_per_package=0: platform.lps_per_package: expected an integer 1..64")]
    public void A_wrong_override_is_quoted(string assignment, string expected)
    {
        Experiment experiment = ExperimentReader.Read("[grid]\npackages = [1, 2]", "my.toml");
        ConfigurationException wrong =
            Assert.Throws<ConfigurationException>(() => new SweepPlan(experiment, [assignment]))!;
        Assert.That(wrong.Message, Does.StartWith(expected));
    }

    private static TestCaseData Plot(string toml, string expected) => Row($"{TwoAxes}[[plot]]\n{toml}", expected);

    private static TestCaseData Row(string toml, string expected) =>
        new TestCaseData(toml, expected).SetArgDisplayNames(expected);
}

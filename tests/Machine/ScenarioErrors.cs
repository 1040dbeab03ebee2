using Seamsim.Configuration;

namespace Seamsim.Tests.Composition;

/// <summary>A wrong scenario is answered with file, line, key and what was expected.</summary>
[TestFixture]
internal sealed class ScenarioErrors
{
    private static IEnumerable<TestCaseData> Rows()
    {
        yield return Row("platform.packages = 99", "my.toml:1: platform.packages: expected an integer 1..8");
        yield return Row("\n[platform]\npackages = \"two\"", "my.toml:3: platform.packages: expected an integer 1..8");
        yield return Row("[platform]\npackges = 2",
            "my.toml:2: platform.packges: no such key; expected one of cpu, cpu_differs,");
        yield return Row("sed = 2", "my.toml:1: sed: no such key; expected one of fail, kvm, max_instructions,");
        yield return Row("[platform]\nmemory = \"4 GB\"",
            "my.toml:2: platform.memory: expected a size such as \"4 GiB\"");
        yield return Row("[platform]\ncpu = \"z80\"", "my.toml:2: platform.cpu: expected \"sapphire-rapids\"");
        yield return Row("[platform]\nept5 = 1", "my.toml:2: platform.ept5: expected true or false");
        yield return Row("[platform]\ntdx_keyids = 60",
            "my.toml:2: platform.tdx_keyids: expected at most 32: 6 KeyID bits");
        yield return Row("[[tds]]\nguest = \"hello\"", "my.toml:1: tds.0.name: missing; expected a string");
        yield return Row("[[tds]]\nname = \"a\"\ngpaw = 50", "my.toml:3: tds.0.gpaw: expected 48 or 52");
        yield return Row("[[tds]]\nname = \"a\"\nattributes = [\"TURBO\"]",
            "my.toml:3: tds.0.attributes: expected an integer");
        yield return Row("fail = [{ leaf = \"TDH.X\", call = 1, status = 0 }]",
            "my.toml:1: fail.0.leaf: expected a SEAMCALL leaf");
        yield return Row(
            "fail = [\n  { leaf = \"TDH.SYS.INIT\", call = 1, status = \"TDX_NONE\" },\n]",
            "my.toml:2: fail.0.status: expected a status name");
        yield return Row("steps = [\"load\", \"jump\"]",
            "my.toml:1: steps: \"jump\": expected steps out of load, init,");
        yield return Row("steps = [\"run td99\"]", "my.toml:1: steps: \"run td99\": expected steps");
        yield return Row("timing = \"functional\"\ntiming_core = \"skl\"",
            "my.toml:2: timing_core: expected timing = \"interval\" with it: \"functional\" would ignore \"skl\"");
        yield return Row("timing = \"functional\"\ntiming_parameters = \"mine.csv\"",
            "my.toml:2: timing_parameters: expected timing = \"interval\" with it: \"functional\" would ignore");
        yield return Row("seed = \n", "my.toml:1: not TOML:");
        yield return Row("a = " + new string('[', 5000), "my.toml: not TOML: The maximum depth");
        yield return Row("[[tds]]\nname = \"a\"\n[[tds]]\nname = \"a\"",
            "my.toml:4: tds.1.name: expected a name of its own: there is another TD \"a\"");
        yield return Row("[[tds]]\nname = \"a b\"", "my.toml:2: tds.0.name: expected a word of letters, digits");
        yield return Row("[[tds]]\nname = \"\\u001b[31m\"", "my.toml:2: tds.0.name: expected a word of letters");
        yield return Row("steps = [\"load td48\"]", "my.toml:1: steps: \"load td48\": expected steps");
        yield return Row("steps = [\"init\", \"run\"]",
            "my.toml:1: steps: \"run\": expected \"create\" somewhere before it");
        yield return Row("[platform]\nodd_lps = [{ lp = 5, differs = \"0x7.0.ebx[16]=0\" }]",
            "my.toml:2: platform.odd_lps.0.lp: expected an integer 0..1");
        yield return Row("[platform]\nodd_lps = [{ lp = 1, differs = \"ebx\" }]",
            "my.toml:2: platform.odd_lps.0.differs: expected leaf.subleaf.register=value");
    }

    [TestCaseSource(nameof(Rows))]
    public void A_wrong_scenario_names_its_line_and_what_was_expected(string toml, string expected)
    {
        ConfigurationException wrong = Assert.Throws<ConfigurationException>(() => Scenario.Parse(toml, "my.toml"))!;
        Assert.That(wrong.Message, Does.StartWith(expected));
    }

    [TestCase("platform.packages", "-c platform.packages: expected key=value")]
    [TestCase("platform.packages=0", "-c platform.packages=0: platform.packages: expected an integer 1..8")]
    [TestCase("tds.7.gpaw=52", "-c tds.7.gpaw=52: 7: expected an index 0..1")]
    [TestCase("seed=1\nmax_instructions=5", "-c seed=1\nmax_instructions=5: seed: expected an integer")]
    [TestCase("platform.nothing=1", "-c platform.nothing=1: platform.nothing: no such key")]
    public void A_wrong_override_is_quoted(string assignment, string expected)
    {
        ConfigurationException wrong = Assert.Throws<ConfigurationException>(() => Scenario.Default(assignment))!;
        Assert.That(wrong.Message, Does.StartWith(expected));
    }

    private static TestCaseData Row(string toml, string expected) =>
        new TestCaseData(toml, expected).SetArgDisplayNames(expected);
}

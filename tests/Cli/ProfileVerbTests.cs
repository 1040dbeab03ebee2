using System.Text.Json;
using Seamsim.Cli;

namespace Seamsim.Tests.CommandLine;

/// <summary><c>seamsim profile</c>, as a user meets it.</summary>
[TestFixture]
internal sealed class ProfileVerbTests
{
    private static readonly string[] Short = ["-c", "platform.memory=\"1 GiB\"", "-c", "steps=[\"load\",\"init\"]"];
    private string directory = null!;

    [SetUp]
    public void Make() => directory = Directory.CreateTempSubdirectory("profile").FullName;

    [TearDown]
    public void Remove() => Directory.Delete(directory, recursive: true);

    [Test]
    public void A_profile_is_a_table_that_names_its_model_and_a_verdict()
    {
        (int code, string output, string error) = Invoke(["profile", .. Short]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.Zero, output + error);
            Assert.That(output, Does.Contain("(interval, golden-cove-2026.1)").And.Contain("TDH.SYS.TDMR.INIT"));
            Assert.That(output, Does.Contain("PASS every step succeeded"));
            Assert.That(output, Does.Match(@"\n +host_modelled +0 *\n").And.Not.Match(@" 0 %"), "nothing has no share");
            Assert.That(output, Does.Contain("<0.1 %"), "little is not nothing");
        }
    }

    [Test]
    public void A_directory_gets_every_file_and_two_of_them_compare()
    {
        string a = Path.Combine(directory, "a"), b = Path.Combine(directory, "b"), mine = Path.Combine(directory, "mine.csv");
        File.WriteAllText(mine, Invoke(["profile", "--print-parameters"]).Output.Replace(
            "\nSeamcall,700,", "\nSeamcall,900,", StringComparison.Ordinal));
        Invoke(["profile", "-q", "-d", a, .. Short]);
        Invoke(["profile", "-q", "-d", b, "-c", $"timing_parameters=\"{mine}\"", .. Short]);
        (int code, string output, string error) = Invoke(["profile", "--compare", a, b, "--json"]);
        Assert.That(code, Is.Zero, error);
        using JsonDocument document = JsonDocument.Parse(output);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                Directory.GetFiles(a).Select(Path.GetFileName).Order(StringComparer.Ordinal), Is.EqualTo(new[]
                {
                    "config.toml", "cpi.png", "cpi.svg", "leaves.csv", "leaves.png", "leaves.svg", "profile.json", "profile.speedscope.json",
                    "stacks.folded", "stats.json", "stats.txt", "timeline.json", "topdown.csv", "topdown.png", "topdown.svg",
                    "worlds.csv", "worlds.png", "worlds.svg",
                }));
            Assert.That(document.RootElement.GetProperty("model_b").GetString(), Is.EqualTo("interval, mine"));
            Assert.That(
                document.RootElement.GetProperty("worlds").EnumerateArray().Sum(world => world.GetProperty("difference").GetInt64()),
                Is.EqualTo(document.RootElement.GetProperty("cycles_b").GetInt64()
                    - document.RootElement.GetProperty("cycles_a").GetInt64()).And.Positive, "of all logical processors");
            foreach (JsonElement leaf in document.RootElement.GetProperty("leaves").EnumerateArray())
            {
                Assert.That(leaf.GetProperty("difference").GetInt64(), Is.EqualTo(200), leaf.ToString());
                Assert.That(leaf.GetProperty("causes").GetProperty("transition").GetInt64(), Is.EqualTo(200));
            }
            Assert.That(File.ReadAllText(Path.Combine(b, "stats.txt")), Does.Contain("(cycle, interval, mine)"));
        }
    }

    [Test]
    public void A_run_with_its_own_config_is_the_same_run()
    {
        string a = Path.Combine(directory, "a"), b = Path.Combine(directory, "b");
        string scenario = Path.Combine(directory, "s.toml");
        File.WriteAllText(scenario, "timing_parameters = \"mine.csv\"\n");
        File.WriteAllText(Path.Combine(directory, "mine.csv"), Invoke(["profile", "--print-parameters"]).Output);
        Invoke(["profile", "-q", "-d", a, scenario, .. Short]);
        Invoke(["run", "-q", "-d", b, Path.Combine(a, "config.toml")]);
        Assert.That(
            File.ReadAllText(Path.Combine(b, "stats.txt")), Is.EqualTo(File.ReadAllText(Path.Combine(a, "stats.txt"))));
    }

    [Test]
    public void A_parameter_file_is_found_next_to_its_scenario_and_complaints_name_its_line()
    {
        string scenario = Path.Combine(directory, "s.toml");
        File.WriteAllText(scenario, "timing = \"interval\"\ntiming_parameters = \"mine.csv\"\nsteps = [\"load\"]\n");
        File.WriteAllText(Path.Combine(directory, "mine.csv"), "name,cycles,low,high,instructions,cause,source\nVmread,1\n");
        (int code, _, string error) = Invoke(["run", scenario]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.EqualTo(2));
            Assert.That(error, Does.Contain("mine.csv:2: expected 7 cells, found 2").And.Not.Contain("   at "));
        }
    }

    [TestCase("--compare", "/nowhere/a", "/nowhere/b")]
    [TestCase("--compare", "/nowhere/a", "/nowhere/b", "/nowhere/c")]
    [TestCase("/nowhere/c", "--compare", "/nowhere/a", "/nowhere/b")]
    [TestCase("-c", "timing=functional")]
    [TestCase("-c", "timing_parameters=\"no-such-file.csv\"")]
    [TestCase("-c", "timing_parameters=\"alder-lake\"")]
    [TestCase("-c", "timing_core=\"zen\"")]
    [TestCase("-c", "timing_core=\"no-such-file.csv\"")]
    public void What_cannot_be_profiled_ends_with_two_and_says_what_was_expected(params string[] arguments)
    {
        (int code, _, string error) = Invoke(["profile", .. arguments]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.EqualTo(2));
            Assert.That(error, Does.Contain("expect").And.Not.Contain("   at "));
        }
    }

    [TestCase("c")]
    [TestCase("-d", "out")]
    [TestCase("-c", "platform.packages=2")]
    [TestCase("--seed", "2")]
    public void What_a_comparison_would_ignore_is_refused(params string[] more)
    {
        string a = Path.Combine(directory, "a");
        Invoke(["profile", "-q", "-d", a, .. Short]);
        Assert.That(Invoke(["profile", "--compare", a, a]).Code, Is.Zero);
        Assert.That(Invoke(["profile", "--compare", a, a, .. more]), Is.EqualTo(
            (2, "", "seamsim profile --compare: expected two directories and nothing that is run\n")));
    }

    private static (int Code, string Output, string Error) Invoke(IReadOnlyList<string> arguments)
    {
        using StringWriter output = new(), error = new();
        int code = Root.Invoke(arguments, output, error);
        return (code, output.ToString(), error.ToString());
    }
}

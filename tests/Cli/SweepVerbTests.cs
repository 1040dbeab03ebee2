using System.CommandLine;
using System.Text.Json;
using Seamsim.Cli;
using Seamsim.Sweeps;
using Seamsim.Tests.Sweeps;

namespace Seamsim.Tests.CommandLine;

/// <summary>The sweep verb: its options, exit codes and what it prints.</summary>
[TestFixture]
internal sealed class SweepVerbTests
{
    private SweepRig rig = null!;
    private string experiment = "";

    [SetUp]
    public void Write()
    {
        rig = new SweepRig();
        experiment = rig.Write("four.toml", SweepRig.FourRuns);
    }

    [TearDown]
    public void Remove() => rig.Dispose();

    [Test]
    public void A_grid_that_passes_ends_with_zero_a_table_and_the_files()
    {
        string passing = rig.Write("pass.toml", "title = \"Just one\"\n[set]\nsteps = [\"load\"]\n[grid]\npackages = [1]\n");
        (int code, string output, string error) = rig.Sweep(passing, "out");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.Zero, output + error);
            Assert.That(output, Does.StartWith("Just one").And.Contain("run.seamcalls").And.Contain("results.parquet"));
            Assert.That(output, Does.EndWith("PASS 1 run(s), 1 pass\n"));
            Assert.That(error, Is.Empty);
        }
    }

    [Test]
    public void A_dry_run_lists_the_runs_and_makes_nothing()
    {
        (int code, string output, _) = rig.Sweep(experiment, "dry", "--dry-run", "--shard", "2/2");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.Zero);
            Assert.That(output, Is.EqualTo("0001-packages=1,event=busy\n0003-packages=2,event=busy\n"));
            Assert.That(Directory.Exists(rig["dry"]), Is.False);
        }
    }

    [Test]
    public void Json_is_the_table()
    {
        (int code, string output, string error) = rig.Sweep(experiment, "json", "--json", "--shard", "2/2");
        using JsonDocument table = JsonDocument.Parse(output);
        JsonElement row = table.RootElement.GetProperty("rows")[0];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.EqualTo(1));
            Assert.That(error, Is.Empty);
            Assert.That(row.GetProperty("status").GetString(), Is.EqualTo("fail"));
            Assert.That(row.GetProperty("packages").GetInt32(), Is.EqualTo(1));
            Assert.That(row.GetProperty("leaf.tdh_sys_lp_init.calls").ValueKind, Is.EqualTo(JsonValueKind.Null));
        }
    }

    [Test]
    public void Quiet_leaves_the_verdict()
    {
        (_, string output, string error) = rig.Sweep(experiment, "quiet", "-q");
        Assert.That((output, error), Is.EqualTo(("FAIL 4 run(s), 2 pass, 2 fail\n", "")));
    }

    [Test]
    public void One_run_can_be_played_again_without_touching_the_table()
    {
        rig.Sweep(experiment, "only");
        string before = rig.Read("only/results.csv");
        (int code, string output, _) = rig.Sweep(experiment, "only", "--only", "2");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.Zero);
            Assert.That(output, Does.EndWith("PASS 1 run(s), 1 pass\n"));
            Assert.That(rig.Read("only/results.csv"), Is.EqualTo(before));
        }
    }

    [Test]
    public void A_directory_of_another_experiment_is_refused_unless_forced()
    {
        rig.Sweep(experiment, "mine", "--only", "0");
        string other = rig.Write("other.toml", "[set]\nsteps = [\"load\"]\n[grid]\npackages = [1, 2]\n");
        (int code, _, string error) = rig.Sweep(other, "mine");
        string[] kept = rig.Runs("mine");
        (int forced, _, _) = rig.Sweep(other, "mine", "--force");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((code, forced), Is.EqualTo((2, 0)));
            Assert.That(error, Does.Contain("it holds runs of \"four\"; --force replaces them"));
            Assert.That(kept, Is.EqualTo(new[] { "0000-packages=1,event=none" }));
            Assert.That(rig.Runs("mine"), Is.EqualTo(new[] { "0000-packages=1", "0001-packages=2" }));
        }
    }

    [Test]
    public void A_bug_of_the_simulator_ends_with_seventy_and_the_command_that_shows_it_again()
    {
        SweepRig.Invoke("sweep", experiment, "-d", rig["bug"], "--only", "0");
        string toml = File.ReadAllText(experiment);
        Experiment read = ExperimentReader.Read(toml, experiment);
        SweepPlan plan = new(read, []);
        SweepRow bug =
            SweepRow.Without(read.Grid.Point(0), RunStatus.InternalError) with
            {
                Reason = "InvalidOperationException: broken",
            };
        using StringWriter output = new(), error = new();
        int code = 0;
        RootCommand root = [];
        GlobalOptions global = new();
        root.Add(global.Json);
        root.Add(global.Quiet);
        root.SetAction(result =>
        {
            SweepPrinter printer = new(new Terminal(result, global));
            SweepDirectory directory = SweepDirectory.Open(rig["bug"], plan, false);
            ResultsTable table = new(read, [bug]);
            printer.InternalErrors(table, directory);
            code = printer.Finish(read, table, directory, []);
        });
        root.Parse([]).Invoke(new InvocationConfiguration { Output = output, Error = error });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.EqualTo(70));
            Assert.That(error.ToString(), Does.StartWith(
                "seamsim: internal error in run 0: InvalidOperationException: broken; to reproduce: seamsim run "
                + rig["bug/runs/0000-packages=1,event=none/config.toml"]));
            Assert.That(output.ToString(), Does.Contain("1 internal-error"));
        }
    }

    [Test]
    public void A_wrong_experiment_ends_with_two_and_runs_nothing()
    {
        string wrong = rig.Write("wrong.toml", "[grid]\npackages = [1, 99]\n");
        (int code, string output, string error) = rig.Sweep(wrong, "wrong");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.EqualTo(2));
            Assert.That(output, Is.Empty);
            Assert.That(error, Does.StartWith($"{wrong}:2: platform.packages: expected an integer 1..8"));
            Assert.That(Directory.Exists(rig["wrong"]), Is.False);
        }
    }

    [TestCase("-d", "/dev/null/x")]
    [TestCase("-d", "/dev/null")]
    [TestCase("-d", "")]
    [TestCase("-d", "/proc/nowhere")]
    [TestCase("--shard", "3/2")]
    [TestCase("--shard", "half")]
    [TestCase("--shard", "0/2")]
    [TestCase("--only", "4")]
    [TestCase("--only", "-1")]
    [TestCase("--only", "many")]
    [TestCase("--workers", "0")]
    [TestCase("--seed", "x")]
    [TestCase("-c", "packages=3")]
    public void What_cannot_be_used_ends_with_two_and_a_word_on_stderr(string option, string value)
    {
        string[] directory = option == "-d" ? [] : ["-d", rig["out"]];
        (int code, string output, string error) = SweepRig.Invoke(["sweep", experiment, .. directory, option, value]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.EqualTo(2));
            Assert.That(output, Is.Empty);
            Assert.That(error, Is.Not.Empty.And.Not.Contain("   at "));
        }
    }

    [TestCase("sweep")]
    [TestCase("sweep", "no-such-file.toml")]
    [TestCase("sweep", "merge")]
    [TestCase("sweep", "merge", "nowhere", "-d", "x")]
    [TestCase("sweep", "merge", "nowhere")]
    public void A_missing_input_ends_with_two(params string[] arguments)
    {
        (int code, string output, string error) = SweepRig.Invoke(arguments);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.EqualTo(2));
            Assert.That(output, Is.Empty);
            Assert.That(error, Is.Not.Empty.And.Not.Contain("   at "));
        }
    }
}

using System.Text.Json;
using Parquet;
using Parquet.Schema;
using Seamsim.Configuration;
using Seamsim.Sweeps;

namespace Seamsim.Tests.Sweeps;

/// <summary>What a sweep computes depends on its runs alone: not on workers, shards or interruptions.</summary>
[TestFixture]
internal sealed class SweepTests
{
    private static readonly string[] Tables = ["results.csv", "results.parquet"];
    private SweepRig rig = null!;
    private string experiment = "";

    [OneTimeSetUp]
    public void SweepOnce()
    {
        rig = new SweepRig();
        experiment = rig.Write("four.toml", SweepRig.FourRuns);
        Assert.That(rig.Sweep(experiment, "one", "--workers", "1").Code, Is.EqualTo(1));
    }

    [OneTimeTearDown]
    public void Remove() => rig.Dispose();

    [Test]
    public void A_failed_run_is_a_row_that_says_so_and_the_others_go_on()
    {
        string[] lines = rig.Read("one/results.csv").Split('\n');
        using (Assert.EnterMultipleScope())
        {
            Assert.That(lines[0], Is.EqualTo(
                "index,packages,event,status,outcome,reason,run.seamcalls,lp0.cycles,leaf.tdh_sys_lp_init.calls"));
            Assert.That(lines[1], Does.StartWith("0,1,none,pass,every step succeeded,,"));
            Assert.That(lines[2], Does.StartWith("1,1,busy,fail,").And.Contain("TDX_SYS_BUSY").And.EndsWith(","));
            Assert.That(lines[3], Does.StartWith("2,2,none,pass,").And.EndsWith(",4"));
            Assert.That(lines[4], Does.StartWith("3,2,busy,fail,"));
            Assert.That(rig.Runs("one"), Is.EqualTo(new[]
            {
                "0000-packages=1,event=none", "0001-packages=1,event=busy", "0002-packages=2,event=none",
                "0003-packages=2,event=busy",
            }));
        }
    }

    [TestCase("2")]
    [TestCase("3")]
    public void Any_number_of_workers_writes_the_same_bytes(string workers)
    {
        rig.Sweep(experiment, $"workers{workers}", "--workers", workers);
        AssertSameAsOne($"workers{workers}");
    }

    [Test]
    public void Shards_joined_write_the_same_bytes_whatever_their_order()
    {
        rig.Sweep(experiment, "s1", "--shard", "1/3");
        rig.Sweep(experiment, "s2", "--shard", "2/3");
        rig.Sweep(experiment, "s3", "--shard", "3/3");
        (int code, string output, string error) =
            SweepRig.Invoke("sweep", "merge", rig["s3"], rig["s1"], rig["s2"], "-d", rig["joined"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.EqualTo(1), error);
            Assert.That(output, Does.Contain("FAIL 4 run(s), 2 pass, 2 fail"));
            Assert.That(rig.Runs("s1"), Is.EqualTo(new[] { "0000-packages=1,event=none", "0003-packages=2,event=busy" }));
            AssertSameAsOne("joined");
        }
    }

    [Test]
    public void Shards_may_share_a_directory()
    {
        rig.Sweep(experiment, "shared", "--shard", "1/2");
        rig.Sweep(experiment, "shared", "--shard", "2/2");
        SweepRig.Invoke("sweep", "merge", rig["shared"], "-d", rig["shared"]);
        AssertSameAsOne("shared");
    }

    [Test]
    public void A_missing_share_is_named_and_ends_with_one()
    {
        rig.Sweep(experiment, "half", "--shard", "1/2");
        (int code, _, string error) = SweepRig.Invoke("sweep", "merge", rig["half"], "-d", rig["halfjoined"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.EqualTo(1));
            Assert.That(error, Does.Contain("no directory holds a finished run 0001-packages=1,event=busy"));
            Assert.That(rig.Read("halfjoined/results.csv"), Does.Contain("1,1,busy,missing,missing,,,,\n"));
        }
    }

    [Test]
    public void Shares_of_different_experiments_are_refused()
    {
        rig.Sweep(experiment, "a", "--shard", "1/2");
        rig.Sweep(experiment, "b", "--shard", "2/2", "--seed", "2");
        (int code, _, string error) = SweepRig.Invoke("sweep", "merge", rig["a"], rig["b"], "-d", rig["ab"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.EqualTo(2));
            Assert.That(error, Does.Contain("run 0 had another configuration"));
        }
    }

    [Test]
    public void Contradicting_shares_are_refused()
    {
        rig.Sweep(experiment, "c", "--shard", "1/2");
        rig.Sweep(experiment, "d", "--shard", "1/2");
        string result = rig["d/runs/0000-packages=1,event=none/result.json"];
        File.WriteAllText(result, File.ReadAllText(result).Replace("every step", "no step", StringComparison.Ordinal));
        (int code, _, string error) = SweepRig.Invoke("sweep", "merge", rig["c"], rig["d"], "-d", rig["cd"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.EqualTo(2));
            Assert.That(error, Does.Contain("0000-packages=1,event=none: contradicts the same run"));
        }
    }

    [Test]
    public void An_interrupted_sweep_goes_on_where_it_was_and_writes_the_same_bytes()
    {
        SweepPlan plan = new(ExperimentReader.Read(File.ReadAllText(experiment), experiment), []);
        SweepDirectory directory = SweepDirectory.Open(rig["cut"], plan, force: false);
        CancelAfter cancel = new(2);
        SweepRunner runner = new(plan, directory, cancel);
        cancel.Stop = runner.Cancel;
        IReadOnlyList<SweepRow> rows = runner.Run([0, 1, 2, 3], 1);
        string kept = rig["cut/runs/0001-packages=1,event=busy/result.json"];
        DateTime written = File.GetLastWriteTimeUtc(kept);
        (int code, _, _) = rig.Sweep(experiment, "cut");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(rows.Select(row => row.StatusText), Is.EqualTo(new[] { "pass", "fail", "missing", "missing" }));
            Assert.That(code, Is.EqualTo(1));
            Assert.That(File.GetLastWriteTimeUtc(kept), Is.EqualTo(written), "a finished run is not played again");
            AssertSameAsOne("cut");
        }
    }

    [Test]
    public void A_machine_cut_off_by_Ctrl_C_leaves_no_result_behind()
    {
        SweepPlan plan = new(ExperimentReader.Read(File.ReadAllText(experiment), experiment), []);
        SweepDirectory directory = SweepDirectory.Open(rig["cutoff"], plan, force: false);
        RunPoint point = plan.Experiment.Grid.Point(0);
        SweepRow row = new SweepRun(plan, point, directory.RunPath(point), []).Play(m => m.Cancel(), _ => { });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(row.Status, Is.EqualTo(RunStatus.Cancelled));
            Assert.That(File.Exists(Path.Combine(directory.RunPath(point), "result.json")), Is.False);
        }
    }

    [Test]
    public void A_bug_of_the_simulator_is_a_row_that_tells_it_and_is_played_again_on_resume()
    {
        SweepPlan plan = new(ExperimentReader.Read(File.ReadAllText(experiment), experiment), []);
        SweepDirectory directory = SweepDirectory.Open(rig["bug"], plan, force: false);
        RunPoint point = plan.Experiment.Grid.Point(0);
        SweepRow row = new SweepRun(plan, point, directory.RunPath(point), [])
            .Play(_ => throw new InvalidOperationException("broken"), _ => { });
        directory.Save(row, plan.Experiment.Grid, plan.Fingerprints[0]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(row.StatusText, Is.EqualTo("internal-error"));
            Assert.That(row.Reason, Does.StartWith("InvalidOperationException").And.EndsWith("broken"));
            Assert.That(directory.Load(point, plan.Fingerprints[0], []), Is.Null);
            Assert.That(File.Exists(Path.Combine(directory.RunPath(point), "config.toml")), "it can be played alone");
        }
    }

    [Test]
    public void A_damaged_or_outdated_result_is_computed_again()
    {
        rig.Sweep(experiment, "again");
        File.WriteAllText(rig["again/runs/0000-packages=1,event=none/result.json"], "{ \"status\": ");
        File.Delete(rig["again/runs/0001-packages=1,event=busy/stats.json"]);
        string outdated = rig["again/runs/0002-packages=2,event=none/result.json"];
        File.WriteAllText(outdated, File.ReadAllText(outdated)
            .Replace("every step", "no step", StringComparison.Ordinal)
            .Replace("\"fingerprint\": \"", "\"fingerprint\": \"0", StringComparison.Ordinal));
        rig.Sweep(experiment, "again");
        AssertSameAsOne("again");
    }

    [Test]
    public void Every_run_directory_reproduces_alone()
    {
        foreach (string run in rig.Runs("one"))
        {
            SweepRig.Invoke("run", "-q", rig[$"one/runs/{run}/config.toml"], "-d", rig[$"alone/{run}"]);
            Assert.That(rig.Read($"alone/{run}/stats.json"), Is.EqualTo(rig.Read($"one/runs/{run}/stats.json")), run);
        }
    }

    [Test]
    public void Guests_named_in_scenario_and_experiment_are_found_from_the_run_directory()
    {
        byte[] end = [0x31, 0xC0, 0xF4];
        rig.Write("base/base.toml", "steps = [\"load\", \"init\", \"create\"]\n[[tds]]\nname = \"a\"\nguest = \"a.bin\"\n");
        File.WriteAllBytes(rig["base/a.bin"], end);
        string path = rig.Write(
            "exp/guests.toml", "scenario = \"../base/base.toml\"\n[grid]\n\"tds.0.guest\" = [\"b.bin\"]\nseed = [1, 2]\n");
        File.WriteAllBytes(rig["exp/b.bin"], [.. end, 0x90]);
        (int code, string output, string error) = rig.Sweep(path, "guests", "--shard", "1/2");
        string run = rig.Runs("guests")[0];
        (int alone, _, _) =
            SweepRig.Invoke("run", "-q", rig[$"guests/runs/{run}/config.toml"], "-d", rig["guests/alone"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((code, alone), Is.EqualTo((0, 0)), output + error);
            Assert.That(rig.Read($"guests/runs/{run}/config.toml"), Does.Contain("guest = \"../../../exp/b.bin\""));
            Assert.That(rig.Read("guests/alone/stats.json"), Is.EqualTo(rig.Read($"guests/runs/{run}/stats.json")));
        }
    }

    [Test]
    public void A_guest_file_that_changes_is_another_run()
    {
        string path = rig.Write("file.toml", "[grid]\n\"tds.0.guest\" = [\"g.bin\"]\n");
        File.WriteAllBytes(rig["g.bin"], [0xF4]);
        string before = new SweepPlan(ExperimentReader.Read(File.ReadAllText(path), path), []).Fingerprints[0];
        File.WriteAllBytes(rig["g.bin"], [0x90, 0xF4]);
        Assert.That(
            new SweepPlan(ExperimentReader.Read(File.ReadAllText(path), path), []).Fingerprints[0], Is.Not.EqualTo(before));
    }

    [Test]
    public void A_run_beyond_its_limit_is_cut_off_by_its_budget()
    {
        (int code, _, _) = rig.Sweep(experiment, "limit", "--max-instructions", "100");
        string[] lines = rig.Read("limit/results.csv").TrimEnd('\n').Split('\n');
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.EqualTo(1));
            Assert.That(lines.Skip(1), Is.All.Contains(",fail,the run stopped: max_instructions is spent"));
        }
    }

    [Test]
    public async Task The_parquet_file_holds_the_same_table()
    {
        await using ParquetReader reader = await ParquetReader.CreateAsync(rig["one/results.parquet"]);
        DataField[] fields = reader.Schema.GetDataFields();
        using ParquetRowGroupReader group = reader.OpenRowGroupReader(0);
        ulong?[] calls = new ulong?[group.RowCount];
        await group.ReadAsync<ulong>(fields[^1], calls.AsMemory());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(fields.Select(field => field.Name), Is.EqualTo(
                rig.Read("one/results.csv").Split('\n')[0].Split(',')));
            Assert.That(fields[1].ClrType, Is.EqualTo(typeof(long)), "an axis of integers is a column of integers");
            Assert.That(calls, Is.EqualTo(new ulong?[] { 2, null, 4, null }));
        }
    }

    [Test]
    public void A_result_names_run_axes_and_verdict()
    {
        using JsonDocument result = JsonDocument.Parse(rig.Read("one/runs/0001-packages=1,event=busy/result.json"));
        JsonElement root = result.RootElement;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(root.GetProperty("index").GetInt32(), Is.EqualTo(1));
            Assert.That(root.GetProperty("axes").GetProperty("event").GetString(), Is.EqualTo("busy"));
            Assert.That(root.GetProperty("status").GetString(), Is.EqualTo("fail"));
            Assert.That(root.GetProperty("reason").GetString(), Does.Contain("TDX_SYS_BUSY"));
        }
    }

    [Test]
    public void A_directory_that_cannot_be_written_in_the_middle_stops_the_sweep_and_keeps_finished_runs()
    {
        rig.Sweep(experiment, "full", "--only", "0");
        File.WriteAllText(rig["full/runs/0002-packages=2,event=none"], "a file where a directory should be");
        (int code, _, string error) = rig.Sweep(experiment, "full", "--workers", "1");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.EqualTo(2));
            Assert.That(error, Does.Contain("0002-packages=2,event=none: cannot be written:"));
            Assert.That(error, Does.Contain("2 of 4 runs are finished and kept"));
        }
        File.Delete(rig["full/runs/0002-packages=2,event=none"]);
        rig.Sweep(experiment, "full");
        AssertSameAsOne("full");
    }

    [Test]
    public void A_full_disk_is_told_with_the_path()
    {
        Assume.That(File.Exists("/dev/full"));
        ConfigurationException wrong = Assert.Throws<ConfigurationException>(() => SweepDirectory.Guard(
            "results.csv", () => File.WriteAllText("/dev/full", new string('x', 10_000))))!;
        Assert.That(wrong.Message, Does.StartWith("results.csv: cannot be written: No space left"));
    }

    private void AssertSameAsOne(string directory)
    {
        foreach (string table in Tables)
            Assert.That(
                File.ReadAllBytes(rig[$"{directory}/{table}"]), Is.EqualTo(File.ReadAllBytes(rig[$"one/{table}"])),
                $"{directory}/{table}");
    }

    private sealed class CancelAfter(int runs) : ISweepObserver
    {
        private int ended;

        public Action? Stop { get; set; }

        public void Ended(SweepRow row, bool reused)
        {
            if (++ended == runs)
                Stop!();
        }
    }
}

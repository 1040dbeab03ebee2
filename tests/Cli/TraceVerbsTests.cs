using System.Text.Json;

namespace Seamsim.Tests.CommandLine;

/// <summary><c>run --trace</c>, <c>trace record</c> and <c>trace replay</c> from outside.</summary>
internal sealed class TraceVerbsTests
{
    private string directory = "";

    [SetUp]
    public void MakeDirectory() =>
        directory = Directory.CreateDirectory(
            Path.Combine(TestContext.CurrentContext.WorkDirectory, TestContext.CurrentContext.Test.ID)).FullName;

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(directory, recursive: true);

    [Test]
    public void A_recorded_run_says_what_the_trace_amounts_to_and_replays_to_its_own_stats()
    {
        string trace = Path.Combine(directory, "out.sst");
        (int code, _, string error) = CommandLineTests.Invoke("run", "-c", "timing=functional", "-d", directory, "--trace", trace);
        Assert.That((code, error), Is.EqualTo((0, error)));
        Assert.That(error, Does.Match(@"^trace: \d+ instructions, \d+ bytes, \d+\.\d\d bytes/instruction"));
        (code, string output, error) = CommandLineTests.Invoke("trace", "replay", trace, "--timing", "functional", "--json");
        Assert.That(code, Is.Zero, error);
        using JsonDocument replay = JsonDocument.Parse(output);
        using JsonDocument stats = JsonDocument.Parse(File.ReadAllText(Path.Combine(directory, "stats.json")));
        foreach (JsonElement lp in replay.RootElement.GetProperty("lps").EnumerateArray())
            foreach (string figure in (string[])["cycles", "host_cycles", "seam_cycles", "td_cycles", "idle_cycles", "sync_cycles"])
            {
                string name = $"lp{lp.GetProperty("lp")}.{figure.Replace("_cycles", ".cycles", StringComparison.Ordinal)}";
                Assert.That(lp.GetProperty(figure).GetUInt64(),
                    Is.EqualTo(stats.RootElement.GetProperty("stats").GetProperty(name).GetProperty("value").GetUInt64()), name);
            }
    }

    [Test]
    public void A_trace_is_replayed_with_core_parameters_of_ones_own()
    {
        string trace = Path.Combine(directory, "out.sst"), mine = Path.Combine(directory, "mine.csv");
        CommandLineTests.Invoke("run", "-q", "--trace", trace, "-c", "steps=[\"load\",\"init\"]");
        (_, string shipped, _) = CommandLineTests.Invoke("profile", "--print-parameters");
        File.WriteAllText(mine, shipped.Replace("\nSeamcall,700,", "\nSeamcall,1700,", StringComparison.Ordinal));
        ulong seamcalls = Transitions("trace", "replay", trace, "--timing", "interval", "--core", mine, "--json")
            - Transitions("trace", "replay", trace, "-c", "timing=interval", "--json");
        Assert.That(seamcalls, Is.GreaterThan(0).And.EqualTo(seamcalls / 1000 * 1000), "a thousand cycles a SEAMCALL");
    }

    [Test]
    public void Parameters_alone_leave_the_model_the_recorded_one()
    {
        string mine = Path.Combine(directory, "mine.csv"), trace = Path.Combine(directory, "out.sst");
        File.WriteAllText(mine, CommandLineTests.Invoke("profile", "--print-parameters").Output);
        CommandLineTests.Invoke("run", "-q", "--trace", trace, "-c", "steps=[\"load\"]", "-c", "timing=interval");
        (int code, string output, string error) = CommandLineTests.Invoke("trace", "replay", trace, "--core", mine, "--json");
        Assert.That(code, Is.Zero, error);
        Assert.That(output, Does.Contain("\"timing\":\"interval, mine\""));
        CommandLineTests.Invoke("run", "-q", "--trace", trace, "-c", "steps=[\"load\"]", "-c", "timing=functional");
        (code, _, error) = CommandLineTests.Invoke("trace", "replay", trace, "--core", mine);
        Assert.That((code, error.Contains("expected timing = \"interval\" with it", StringComparison.Ordinal)),
            Is.EqualTo((2, true)), error);
    }

    [TestCase("platform.packages=2", "expected timing=")]
    [TestCase("timing=oracle", "expected one of functional, interval")]
    [TestCase("timing_parameters=none.csv", "none.csv")]
    [TestCase("timing_core=none.csv", "none.csv")]
    public void What_is_no_setting_of_a_model_is_refused(string setting, string complaint)
    {
        string trace = Path.Combine(directory, "out.sst");
        CommandLineTests.Invoke("run", "-q", "--trace", trace, "-c", "steps=[\"load\"]");
        (int code, _, string error) =
            CommandLineTests.Invoke("trace", "replay", trace, "-c", "timing=interval", "-c", setting);
        Assert.That(code, Is.EqualTo(2));
        Assert.That(error, Does.Contain(complaint));
    }

    private static ulong Transitions(params string[] arguments)
    {
        (int code, string output, string error) = CommandLineTests.Invoke(arguments);
        Assert.That(code, Is.Zero, error);
        using JsonDocument replay = JsonDocument.Parse(output);
        ulong sum = 0;
        foreach (JsonElement lp in replay.RootElement.GetProperty("lps").EnumerateArray())
            sum += lp.GetProperty("transition_cycles").GetUInt64();
        return sum;
    }

    [TestCase(true, "the file is cut|the index or the footer")]
    [TestCase(false, "checksum of column 1")]
    public void A_cut_or_damaged_trace_is_replayed_as_far_as_it_is_whole_and_ends_with_two(bool cut, string complaint)
    {
        string trace = Path.Combine(directory, "a new folder", "out.sst");
        CommandLineTests.Invoke("trace", "record", "-o", trace);
        byte[] bytes = File.ReadAllBytes(trace);
        if (!cut)
            bytes[ControlOfFirstFrame(bytes)] ^= 0x10;
        File.WriteAllBytes(trace, cut ? bytes[..^10] : bytes);
        (int code, string output, string error) = CommandLineTests.Invoke("trace", "replay", trace, "--json");
        Assert.That(code, Is.EqualTo(2), error);
        Assert.That(error, Does.Match(@"out\.sst: offset \d+: .*(" + complaint + ")"));
        using JsonDocument replay = JsonDocument.Parse(output);
        Assert.That(replay.RootElement.GetProperty("lps").GetArrayLength(), cut ? Is.GreaterThan(0) : Is.Zero);
    }

    /// <summary>Where the second column of the first frame begins: behind file header, frame header and first column.</summary>
    private static int ControlOfFirstFrame(byte[] trace)
    {
        int frame = BitConverter.ToInt32(trace, 12);
        return frame + 232 + BitConverter.ToInt32(trace, frame + 80 + 4);
    }

    [Test]
    public void Trace_record_writes_what_its_options_ask_for()
    {
        string trace = Path.Combine(directory, "td.sst");
        (int code, _, string error) = CommandLineTests.Invoke(
            "trace", "record", "-o", trace, "--worlds", "td", "--from", "TDH.VP.ENTER", "--values", "--registers");
        Assert.That(code, Is.Zero, error);
        (_, string output, _) = CommandLineTests.Invoke("trace", "replay", trace);
        Assert.That(output, Does.Contain("are not in the trace"));
    }

    [TestCase("--worlds", "moon", "expected host, seam and td")]
    [TestCase("--lp", "9", "expected a logical processor 0..1")]
    [TestCase("--from", "TDH.NO.SUCH", "expected the name of a SEAMCALL leaf")]
    public void An_option_that_cannot_be_used_ends_with_two_and_leaves_no_file(string option, string value, string complaint)
    {
        string trace = Path.Combine(directory, "out.sst");
        (int code, _, string error) = CommandLineTests.Invoke("trace", "record", "-o", trace, option, value);
        Assert.That((code, error), Is.EqualTo((2, error)));
        Assert.That(error, Does.Contain(complaint).And.Contain(value));
        Assert.That(File.Exists(trace), Is.False);
    }

    [Test]
    public void A_place_that_cannot_be_written_ends_with_two()
    {
        string file = Path.Combine(directory, "a file");
        File.WriteAllText(file, "");
        (int code, _, string error) = CommandLineTests.Invoke("run", "--trace", Path.Combine(file, "out.sst"));
        Assert.That(code, Is.EqualTo(2), error);
        Assert.That(error, Does.Contain("expected the name of a trace file that can be written"));
    }

    [Test]
    public void A_model_that_does_not_exist_ends_with_two()
    {
        string trace = Path.Combine(directory, "out.sst");
        CommandLineTests.Invoke("trace", "record", "-o", trace, "-c", "steps=[\"load\"]");
        (int code, _, string error) = CommandLineTests.Invoke("trace", "replay", trace, "--timing", "oracle");
        Assert.That(code, Is.EqualTo(2), error);
        Assert.That(error, Does.Contain("expected one of functional"));
    }
}

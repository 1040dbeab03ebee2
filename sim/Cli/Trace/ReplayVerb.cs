using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Seamsim.Configuration;
using Seamsim.Isa.Ports;
using Seamsim.Profiling;
using Seamsim.Timing;
using Seamsim.Trace;
using Seamsim.Tracing;

namespace Seamsim.Cli.Trace;

/// <summary><c>seamsim trace replay out.sst</c>: a recorded stream through a cost model.</summary>
internal static class ReplayVerb
{
    /// <summary>The verb.</summary>
    public static Command Create(GlobalOptions global)
    {
        Argument<string> path = new("trace") { Description = "The trace file." };
        Option<string?> timing = new("--timing")
            { Description = "Cost model; default: the one the trace was recorded with." };
        Option<string?> core = new("--core")
            { Description = "Core parameters of the model: golden-cove-2026.1, or a .csv file of your own." };
        Option<string[]> overrides = new("-c", "--config")
            { Description = "timing=MODEL, timing_parameters=FILE or timing_core=FILE, as in a scenario; repeatable." };
        Command command = new("replay", "Cycles of a recorded stream under a cost model, without executing it again.")
        {
            path, timing, core, overrides,
        };
        command.SetAction(result =>
        {
            List<string> all = [.. result.GetValue(overrides) ?? []];
            if (result.GetValue(timing) is { } model)
                all.Add($"timing={model}");
            if (result.GetValue(core) is { } parameters)
                all.Add($"timing_parameters={parameters}");
            return Run(new Terminal(result, global), result.GetValue(path)!, all);
        });
        return command;
    }

    /// <summary>The model the trace was recorded with, or the one that settings name.</summary>
    private static ICostModel ModelFor(TraceReader reader, IReadOnlyList<string> settings)
    {
        string recorded = reader.Header.TimingModel;
        string? kind = CostModels.All.FirstOrDefault(name => recorded.StartsWith(name, StringComparison.Ordinal));
        if (settings.Count > 0)
            return TimingReader.Read(kind is null ? settings : [$"timing={kind}", .. settings]);
        return CostModels.Create(recorded) ?? throw new ConfigurationException(
            $"the trace was recorded with {recorded}: expected --timing with one of {string.Join(", ", CostModels.All)}, "
            + "or --core with the parameters");
    }

    private static int Run(Terminal terminal, string path, IReadOnlyList<string> settings)
    {
        using TraceReader reader = TraceInput.Open(path);
        ICostModel costs = ModelFor(reader, settings);
        ReplayReport report = TraceReplay.RunWhole(reader, costs, out TraceFileException? damage);
        if (terminal.Json)
            terminal.Line(ToJson(report));
        else
            Print(terminal, report);
        if (damage is null)
            return TraceInput.Verdict(terminal, reader);
        terminal.Error($"seamsim: {damage.Message}; replayed what is before it");
        return ExitCode.Usage;
    }

    private static void Print(Terminal terminal, ReplayReport report)
    {
        terminal.Heading($"Cycles ({report.Model})");
        World[] worlds = Enum.GetValues<World>();
        terminal.Table(
            ["LP", .. worlds.Select(ProfileText.Of), "total", "instructions"],
            report.Lps.Select(lp => (IReadOnlyList<string>)
                [Show((ulong)lp.Index), .. worlds.Select(world => Show(lp.Of(world).Cycles)), Show(lp.Cycles), Show(lp.Instructions)]));
        if (report.Unrecorded != 0)
            terminal.Say($"{Show(report.Unrecorded)} cycles of the run are not in the trace");
        terminal.Say(Applies(report));
    }

    private static string Applies(ReplayReport report) => (report.IsRecordedModel, report.ReadsTime) switch
    {
        (true, _)      => "The trace was recorded with this model: these are the live run's cycles.",
        _ when report.HasStalls =>
            $"{Show(report.Stalls)} cycles of branches, fetches, loads and translations are the recorded run's; "
            + "blocks and operations are computed under this model.",
        (false, false) => "Software did not read time: these are the cycles of a live run under this model.",
        _              => "Software read time: a live run under this model may take another path and other cycles.",
    };

    private static string ToJson(ReplayReport report)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes))
        {
            writer.WriteStartObject();
            writer.WriteString("timing", report.Model);
            writer.WriteBoolean("recorded_model", report.IsRecordedModel);
            writer.WriteBoolean("reads_time", report.ReadsTime);
            writer.WriteBoolean("live_run", report.IsLiveRun);
            writer.WriteNumber("unrecorded_cycles", report.Unrecorded);
            writer.WriteStartArray("lps");
            foreach (ReplayLp lp in report.Lps)
            {
                writer.WriteStartObject();
                writer.WriteNumber("lp", lp.Index);
                writer.WriteNumber("cycles", lp.Cycles);
                writer.WriteNumber("instructions", lp.Instructions);
                foreach (World world in Enum.GetValues<World>())
                    writer.WriteNumber(ProfileText.Of(world) + "_cycles", lp.Of(world).Cycles);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static string Show(ulong value) => value.ToString("N0", CultureInfo.InvariantCulture);
}

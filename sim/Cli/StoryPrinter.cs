using System.Globalization;
using System.Text;
using System.Text.Json;
using Seamsim.Configuration;
using Seamsim.Runs;
using Seamsim.Timing;

namespace Seamsim.Cli;

/// <summary>
/// Tells a run on the terminal: the story while it happens, then tables, measurements and the verdict.
/// </summary>
internal sealed class StoryPrinter(Terminal terminal) : IStoryTeller
{
    private bool Talks => !terminal.Quiet && !terminal.Json;

    /// <inheritdoc/>
    public void Chapter(string title)
    {
        if (Talks)
            terminal.Heading(title);
        else
            terminal.Progress(title);
    }

    /// <inheritdoc/>
    public void Say(string text)
    {
        if (Talks)
            terminal.Say("  " + text);
    }

    /// <inheritdoc/>
    public void Problem(string text)
    {
        if (Talks)
            terminal.Say("  ! " + text);
    }

    /// <summary>The end of the story.</summary>
    public void Finish(Machine machine, Scenario scenario, RunReport report)
    {
        if (terminal.Json)
        {
            terminal.Line(ToJson(machine, scenario, report));
            return;
        }
        if (!terminal.Quiet)
        {
            Leaves(machine);
            Worlds(machine);
            Measurements(report);
            Outputs(report);
            Unmodelled(machine);
        }
        terminal.Verdict(report.Passed, report.Verdict);
    }

    private void Leaves(Machine machine)
    {
        terminal.Heading($"SEAMCALL leaves; cycles ({machine.TimingModel})");
        terminal.Say(
            "  instructions: x86 instructions executed in SEAM root; the C# module's operations show as cycles");
        terminal.Say(
            "  failures: any nonzero status; TDH.MNG.RD and TDH.SYS.RD also ask for fields a module may not have");
        terminal.Table(
            ["leaf", "calls", "instructions", "cycles", "cycles in TDs", "failures"],
            machine.Account.Leaves.Select(leaf => (IReadOnlyList<string>)
            [
                Names.OfLeaf(leaf.Leaf), Show(leaf.Calls), Show(leaf.Seam.Instructions), Show(leaf.Seam.Cycles),
                leaf.Td.Cycles == 0 ? "" : Show(leaf.Td.Cycles), Show(leaf.Failures),
            ]));
    }

    private void Worlds(Machine machine)
    {
        World[] worlds = Enum.GetValues<World>();
        terminal.Heading($"Where the cycles went ({machine.TimingModel})");
        terminal.Table(
            ["LP", .. worlds.Select(Name), "total"],
            Enumerable.Range(0, machine.Platform.LpCount).Select(lp => (IReadOnlyList<string>)
            [
                Show((ulong)lp), .. worlds.Select(world => Show(machine.Account.Of(lp, world).Cycles)),
                    Show(machine.ClockOf(lp)),
            ]));
    }

    private void Measurements(RunReport report)
    {
        foreach (TdReport td in report.Tds)
        {
            if (td.Mrtd.Length == 0)
                continue;
            List<(string, string)> rows = [("MRTD", td.Mrtd)];
            for (int i = 0; i < td.Rtmrs.Count; i++)
                rows.Add(($"RTMR{i}", td.Rtmrs[i]));
            terminal.Properties($"Measurements of {td.Name}", rows);
        }
    }

    private void Outputs(RunReport report)
    {
        foreach (TdReport td in report.Tds)
        {
            if (td.Output.Length == 0)
                continue;
            terminal.Heading($"Output of {td.Name}");
            foreach (string line in td.Output.TrimEnd('\n').Split('\n'))
                terminal.Say("  " + line);
        }
    }

    private void Unmodelled(Machine machine)
    {
        if (machine.UnmodelledInstructions.Count == 0)
            return;
        terminal.Heading("Instructions that are not modelled (each raised #UD)");
        terminal.Say("  " + string.Join(", ", machine.UnmodelledInstructions));
    }

    private static string ToJson(Machine machine, Scenario scenario, RunReport report)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes))
        {
            writer.WriteStartObject();
            writer.WriteString("verdict", report.Passed ? "pass" : "fail");
            writer.WriteString("outcome", report.Outcome);
            Strings(writer, "problems", report.Problems);
            Strings(writer, "unmodelled_instructions", machine.UnmodelledInstructions);
            writer.WriteString("timing", machine.TimingModel);
            writer.WriteNumber("seed", scenario.Platform.Seed);
            writer.WriteStartArray("tds");
            foreach (TdReport td in report.Tds)
            {
                writer.WriteStartObject();
                writer.WriteString("name", td.Name);
                writer.WriteString("outcome", td.Outcome);
                writer.WriteString("mrtd", td.Mrtd);
                Strings(writer, "rtmrs", td.Rtmrs);
                writer.WriteString("output", td.Output);
                Strings(writer, "vcpus", td.Endings);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteStartObject("stats");
            foreach (Stat stat in Stats.Of(machine, report))
                writer.WriteNumber(stat.Name, stat.Value);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static void Strings(Utf8JsonWriter writer, string name, IEnumerable<string> values)
    {
        writer.WriteStartArray(name);
        foreach (string value in values)
            writer.WriteStringValue(value);
        writer.WriteEndArray();
    }

    private static string Name(World world) => world == World.HostModelled ? "host (modelled)"
        : world is World.Seam or World.Td ? world.ToString().ToUpperInvariant() : world.ToString().ToLowerInvariant();

    private static string Show(ulong value) => value.ToString("N0", CultureInfo.InvariantCulture);
}

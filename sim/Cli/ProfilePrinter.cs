using System.Globalization;
using System.Text;
using System.Text.Json;
using Seamsim.Isa.Ports;
using Seamsim.Profiling;
using Seamsim.Timing;

namespace Seamsim.Cli;

/// <summary>Profiles and their differences on the terminal.</summary>
internal static class ProfilePrinter
{
    private const int CausesShown = 3;

    /// <summary>A profile as tables, or as JSON.</summary>
    public static void Print(Terminal terminal, Profile profile)
    {
        if (terminal.Json)
        {
            terminal.Text(ProfileJson.Of(profile));
            return;
        }
        if (terminal.Quiet)
            return;
        terminal.Heading($"SEAMCALL leaves; instructions and cycles of a call ({profile.Model})");
        terminal.WideTable(Columns, profile.Leaves.Select(leaf => Row(profile, leaf)));
        if (profile.GuestLeaves.Count > 0)
        {
            terminal.Heading("TDCALL leaves, from the TD's exit to its re-entry or to SEAMRET; part of TDH.VP.ENTER");
            terminal.WideTable(Columns, profile.GuestLeaves.Select(leaf => Row(profile, leaf)));
        }
        terminal.Heading($"Where the cycles of all logical processors went ({profile.Model})");
        terminal.Table(
            ["world", "cycles", "share", "instructions", "CPI", "most of it"],
            Enum.GetValues<World>().Select(world => Row(profile, world)));
        if (profile.Instructions.Any(part => part.Modelled != 0))
            terminal.Say(
                "  instructions of seam: those that the operations of the C# module stand for; none of them retires");
    }

    /// <summary>What changed from a profile to another.</summary>
    public static void Print(Terminal terminal, Profile a, Profile b, IReadOnlyList<LeafDifference> differences)
    {
        if (terminal.Json)
        {
            terminal.Text(ToJson(a, b, differences));
            return;
        }
        terminal.Heading($"Cycles of a call: A ({a.Model}), B ({b.Model})");
        LeafDifference[] changed = [.. differences.Where(leaf => leaf.IsChanged)];
        if (changed.Length == 0)
            terminal.Say("  no leaf differs");
        else
            terminal.WideTable(
                ["leaf", "calls A", "calls B", "A", "B", "difference", "by cause"],
                changed.Select(leaf => (IReadOnlyList<string>)
                [
                    leaf.Name, Show(leaf.CallsA), Show(leaf.CallsB), Show(leaf.MeanA), Show(leaf.MeanB),
                    Show(leaf.Difference),
                    Show(leaf.Causes),
                ]));
        IReadOnlyList<WorldDifference> worlds = ProfileComparison.Worlds(a, b);
        if (worlds.Count > 0)
            terminal.WideTable(
                ["world, all processors", "A", "B", "difference", "by cause"],
                worlds.Select(world => (IReadOnlyList<string>)
                [
                    ProfileText.Of(world.World), Show(world.CyclesA), Show(world.CyclesB), Show(world.Difference),
                    Show(world.Causes),
                ]));
        terminal.Say($"  all logical processors: A {Show(a.Total)}, B {Show(b.Total)}, {Show((long)b.Total - (long)a.Total)}");
    }

    private static IReadOnlyList<string> Columns =>
    [
        "leaf", "calls", "instructions", "mean", "p50", "p99", "worst",
        .. Enum.GetValues<LeafPhase>().Select(phase => ProfileText.Of(phase).Replace('_', ' ') + " %"), "most of it",
    ];

    private static IReadOnlyList<string> Row(Profile profile, ProfiledLeaf leaf) =>
    [
        leaf.Name, Show(leaf.Calls), Show(leaf.MeanInstructions), Show(leaf.Mean),
        Show(leaf.P50), Show(leaf.P99), Show(leaf.Worst),
        .. Enum.GetValues<LeafPhase>().Select(phase => Percent(leaf.Of(phase), leaf.Total)),
        Most(Enum.GetValues<Cause>().Select(cause => (ProfileText.Of(cause), leaf.Of(cause))), leaf.Total),
    ];

    private static IReadOnlyList<string> Row(Profile profile, World world)
    {
        ulong all = profile.In(world), instructions = profile.InstructionsIn(world);
        return
        [
            ProfileText.Of(world), Show(all), all == 0 ? "" : Percent(all, profile.Total) + " %",
            instructions == 0 ? "" : Show(instructions), ProfileText.OfCpi(all, instructions),
            Most(Enum.GetValues<Cause>().Select(cause => (ProfileText.Of(cause), profile.In(world, cause))), all),
        ];
    }

    private static string Most(IEnumerable<(string Name, ulong Cycles)> parts, ulong all) => string.Join(", ", parts
        .Where(part => part.Cycles != 0).OrderByDescending(part => part.Cycles).Take(CausesShown)
        .Select(part => $"{part.Name} {Percent(part.Cycles, all)} %"));

    private static string ToJson(Profile a, Profile b, IReadOnlyList<LeafDifference> differences)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter json = new(bytes, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteString("model_a", a.Model);
            json.WriteString("model_b", b.Model);
            json.WriteNumber("cycles_a", a.Total);
            json.WriteNumber("cycles_b", b.Total);
            json.WriteStartArray("leaves");
            foreach (LeafDifference leaf in differences)
            {
                json.WriteStartObject();
                json.WriteString("leaf", leaf.Name);
                json.WriteNumber("calls_a", leaf.CallsA);
                json.WriteNumber("calls_b", leaf.CallsB);
                json.WriteNumber("mean_a", leaf.MeanA);
                json.WriteNumber("mean_b", leaf.MeanB);
                json.WriteNumber("difference", leaf.Difference);
                Write(json, leaf.Causes);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteStartArray("worlds");
            foreach (WorldDifference world in ProfileComparison.Worlds(a, b))
            {
                json.WriteStartObject();
                json.WriteString("world", ProfileText.Of(world.World));
                json.WriteNumber("cycles_a", world.CyclesA);
                json.WriteNumber("cycles_b", world.CyclesB);
                json.WriteNumber("difference", world.Difference);
                Write(json, world.Causes);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.ToArray()) + "\n";
    }

    private static void Write(Utf8JsonWriter json, IEnumerable<(Cause Cause, long Cycles)> causes)
    {
        json.WriteStartObject("causes");
        foreach ((Cause cause, long cycles) in causes)
            json.WriteNumber(ProfileText.Of(cause), cycles);
        json.WriteEndObject();
    }

    private static string Percent(ulong part, ulong all) =>
        all == 0 || part == 0 ? ""
            : part < all / 2000.0 ? "<0.1"
            : (100.0 * part / all).ToString("0.#", CultureInfo.InvariantCulture);

    private static string Show(IEnumerable<(Cause Cause, long Cycles)> changes) =>
        string.Join(", ", changes.Select(change => $"{ProfileText.Of(change.Cause)} {Show(change.Cycles)}"));

    private static string Show(ulong value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Show(long value) => value.ToString("+#,0;-#,0;0", CultureInfo.InvariantCulture);
}

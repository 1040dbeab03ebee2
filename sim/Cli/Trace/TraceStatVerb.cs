using System.CommandLine;
using System.Globalization;
using Seamsim.Configuration;
using Seamsim.Trace;

namespace Seamsim.Cli.Trace;

/// <summary><c>seamsim trace stat FILE</c>: what a trace is made of.</summary>
internal static class TraceStatVerb
{
    /// <summary>The verb.</summary>
    public static Command Create(GlobalOptions global)
    {
        Argument<string> file = new("file") { Description = "The trace." };
        Option<int> top = new("--top") { Description = "Rows of the longer tables.", DefaultValueFactory = _ => 20 };
        Command command = new("stat", "Count a trace: mnemonics, worlds, branches, footprint, blocks, leaves.")
            { file, top };
        command.SetAction(result => Count(
            new Terminal(result, global), result.GetRequiredValue(file), result.GetValue(top)));
        return command;
    }

    private static int Count(Terminal terminal, string path, int top)
    {
        if (top < 1)
            throw new ConfigurationException($"--top: expected at least 1, not {top}");
        using TraceReader reader = TraceInput.Open(path);
        TraceStatistics statistics = TraceStatistics.Of(reader);
        if (terminal.Json)
            terminal.Line(TraceStatJson.Of(reader, statistics));
        else
            Print(terminal, reader, statistics, top);
        return TraceInput.Verdict(terminal, reader);
    }

    private static void Print(Terminal terminal, TraceReader reader, TraceStatistics s, int top)
    {
        TraceHeader h = reader.Header;
        terminal.Properties(reader.Name,
        [
            ("recorded by", h.Tool),
            ("config hash", h.ConfigHash),
            ("seed", Told(h.Seed)),
            ("timing", h.TimingModel),
            ("processor", $"{h.CpuModel}, {h.LpCount} LPs"),
            ("aspects", h.Aspects.ToString()),
            ("worlds", h.Worlds.ToString()),
            ("instructions", Told(s.Instructions)),
            ("file", $"{Told((ulong)reader.Length)} bytes in {Told((ulong)reader.Frames.Count)} frames"
                + (s.Instructions == 0 ? "" : $", {Fraction(reader.Length, s.Instructions)} bytes an instruction")),
            ("reads, writes", $"{Told(s.Reads)}, {Told(s.Writes)}"),
            ("data footprint", $"{Told((ulong)s.DataPages)} pages, {Told((ulong)s.DataLines)} lines"),
            ("code footprint", $"{Told((ulong)s.CodePages)} pages, {Told((ulong)s.CodeLines)} lines"),
        ]);
        Section(terminal, "Logical processors", ["lp", "host", "seam", "td", "l2", "cycles"],
            s.Lps.Select(lp => (string[])[Told((ulong)lp.Lp), .. lp.Instructions.Select(Told), Told(lp.LastCycle - lp.FirstCycle)]));
        Section(terminal, "Mnemonics", ["mnemonic", "count", "share"], s.Mnemonics.Take(top).Select(m => (string[])
            [m.Mnemonic, Told(m.Count), Percent(m.Count, s.Instructions)]));
        Section(terminal, "Conditional branches by bias", ["taken", "branches", "executed"], Bias(s));
        Section(terminal, "Branches", ["address", "world", "executed", "taken"],
            s.Branches.Take(top).Select(b => (string[])
            [
                $"0x{b.Address:x}", EventText.WorldName(b.World), Told(b.Executed), Percent(b.Taken, b.Executed),
            ]));
        Section(terminal, "Blocks", ["address", "world", "executions", "instructions", "share"],
            s.Blocks.Take(top).Select(b => (string[])
            [
                $"0x{b.Address:x}", EventText.WorldName(b.World), Told(b.Executions), Told(b.Instructions),
                Percent(b.Instructions, s.Instructions),
            ]));
        Section(terminal, "Leaves", ["leaf", "calls", "returned", "failed", "cycles"],
            s.Leaves.Select(leaf => (string[])[leaf.Name, Told(leaf.Calls), Told(leaf.Returned), Told(leaf.Failed), Told(leaf.Cycles)]));
        Section(terminal, "Events", ["kind", "count"], s.Events.Select(e => (string[])[e.Kind, Told(e.Count)]));
    }

    private static void Section(
        Terminal terminal, string title, IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        IReadOnlyList<string>[] all = [.. rows];
        if (all.Length == 0)
            return;
        terminal.Heading(title);
        terminal.Table(columns, all);
    }

    private static IEnumerable<string[]> Bias(TraceStatistics s)
    {
        (string Name, Func<double, bool> Holds)[] classes =
        [
            ("never", share => share == 0),
            ("below 10 %", share => share is > 0 and < 0.1),
            ("10 to 90 %", share => share is >= 0.1 and <= 0.9),
            ("above 90 %", share => share is > 0.9 and < 1),
            ("always", share => share == 1),
        ];
        foreach ((string name, Func<double, bool> holds) in classes)
        {
            BranchCount[] those = [.. s.Branches.Where(b => holds((double)b.Taken / b.Executed))];
            if (those.Length > 0)
                yield return
                [
                    name, Told((ulong)those.Length), Told(those.Aggregate(0UL, (sum, b) => sum + b.Executed)),
                ];
        }
    }

    private static string Told(ulong number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Percent(ulong part, ulong whole) =>
        whole == 0 ? "" : (100.0 * part / whole).ToString("F1", CultureInfo.InvariantCulture) + " %";

    private static string Fraction(long part, ulong whole) =>
        ((double)part / whole).ToString("F3", CultureInfo.InvariantCulture);
}

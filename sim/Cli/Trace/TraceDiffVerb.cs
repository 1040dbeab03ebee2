using System.CommandLine;
using System.Text;
using System.Text.Json;
using Seamsim.Trace;

namespace Seamsim.Cli.Trace;

/// <summary><c>seamsim trace diff A B</c>: where two traces part.</summary>
internal static class TraceDiffVerb
{
    /// <summary>Rows shown before and after the difference.</summary>
    private const int Before = 6, After = 4;

    /// <summary>The verb.</summary>
    public static Command Create(GlobalOptions global)
    {
        Argument<string> first = new("a") { Description = "The first trace." };
        Argument<string> second = new("b") { Description = "The second trace." };
        Option<bool> noCycles = new("--no-cycles")
            { Description = "Clocks do not count: compare runs of different timing models." };
        Command command = new(
            "diff", "Find the first difference of two traces; exit 0 when they tell the same, 1 when not.")
            { first, second, noCycles };
        command.SetAction(result => Compare(
            new Terminal(result, global), result.GetRequiredValue(first), result.GetRequiredValue(second),
            !result.GetValue(noCycles)));
        return command;
    }

    private static int Compare(Terminal terminal, string first, string second, bool cycles)
    {
        using TraceReader a = TraceInput.Open(first), b = TraceInput.Open(second);
        foreach (string note in Notes(a.Header, b.Header))
            terminal.Progress($"seamsim: {note}");
        TraceDifference? difference = TraceDifference.Find(a, b, cycles);
        if (terminal.Json)
            terminal.Line(ToJson(difference));
        else if (difference is null)
            terminal.Line($"the same: {a.Instructions} instructions");
        else
            Print(terminal, a, b, difference);
        return Math.Max(
            TraceInput.Verdict(terminal, a, difference is null ? ExitCode.Pass : ExitCode.Fail),
            TraceInput.Verdict(terminal, b));
    }

    private static IEnumerable<string> Notes(TraceHeader a, TraceHeader b)
    {
        if (a.Aspects != b.Aspects)
            yield return $"only what both recorded is compared: {a.Aspects} here, {b.Aspects} there";
        if (a.Worlds != b.Worlds)
            yield return $"other worlds were recorded: {a.Worlds} here, {b.Worlds} there";
        if (a.ConfigHash != b.ConfigHash)
            yield return $"other configurations: {a.ConfigHash} here, {b.ConfigHash} there";
        if (a.Seed != b.Seed)
            yield return $"other seeds: {a.Seed} here, {b.Seed} there";
        if (a.TimingModel != b.TimingModel)
            yield return $"other timing models: {a.TimingModel} here, {b.TimingModel} there";
        if (a.CpuModel != b.CpuModel)
            yield return $"other processors: {a.CpuModel} here, {b.CpuModel} there";
    }

    private static void Print(Terminal terminal, TraceReader a, TraceReader b, TraceDifference difference)
    {
        terminal.Line($"record {difference.Record}: {difference.What}");
        Side(terminal, a, difference.InstructionA);
        Side(terminal, b, difference.InstructionB);
    }

    /// <summary>Rows around the instruction where the traces part; it is pointed at.</summary>
    private static void Side(Terminal terminal, TraceReader reader, ulong instruction)
    {
        terminal.Heading(reader.Name);
        TraceRowText text = new(terminal.Colours, reader.Header.LpCount, instruction);
        terminal.Line(text.Heading);
        Queue<TraceRow> before = [];
        int left = After;
        ListingFilter filter = new() { From = instruction > 64 ? instruction - 64 : 0 };
        foreach (TraceRow row in new TraceListing(reader).Rows(filter))
        {
            if (row.Instruction < instruction)
            {
                before.Enqueue(row);
                if (before.Count > Before)
                    before.Dequeue();
                continue;
            }
            while (before.TryDequeue(out TraceRow? earlier))
                terminal.Line(text.Line(earlier));
            if (left-- <= 0)
                return;
            terminal.Line(text.Line(row));
        }
        foreach (TraceRow earlier in before)
            terminal.Line(text.Line(earlier));
        terminal.Line(" the trace ends here");
    }

    private static string ToJson(TraceDifference? difference)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter json = new(bytes))
        {
            json.WriteStartObject();
            json.WriteBoolean("same", difference is null);
            if (difference is not null)
            {
                json.WriteNumber("record", difference.Record);
                json.WriteNumber("instruction_a", difference.InstructionA);
                json.WriteNumber("instruction_b", difference.InstructionB);
                json.WriteString("what", difference.What);
            }
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.ToArray());
    }
}

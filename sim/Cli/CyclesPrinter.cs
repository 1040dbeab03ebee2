using System.Text.Json;
using Seamsim.Timing.Blocks;

namespace Seamsim.Cli;

/// <summary>Reports on blocks as text or JSON lines.</summary>
internal sealed class CyclesPrinter(Terminal terminal)
{
    private bool another;

    /// <summary>Writes one report.</summary>
    public void Print(BlockReport report)
    {
        if (terminal.Json)
        {
            terminal.Line(Json(writer => Report(writer, report)));
            return;
        }
        if (terminal.Quiet)
        {
            terminal.Line($"{report.Unrolled.Cycles} {report.Looped.Cycles} {Name(report.Unrolled.Bottleneck)}");
            return;
        }
        if (another)
            terminal.Line("");
        another = true;
        terminal.Line($"{report.Hex} on {report.Core}");
        terminal.Line($"  unrolled  {report.Unrolled.Cycles} cycles  {Limit(report.Unrolled)}");
        terminal.Line($"  looped    {report.Looped.Cycles} cycles  {Limit(report.Looped)}");
        Ports(report);
        Instructions(report);
    }

    /// <summary>Writes that a line of a batch is no block.</summary>
    public void Error(string hex, int line, string reason) => terminal.Line(Json(writer =>
    {
        writer.WriteString("hex", hex);
        writer.WriteNumber("line", line);
        writer.WriteString("error", reason);
    }));

    private static string Limit(BlockBounds bounds) =>
        $"limited by {Name(bounds.Bottleneck)} "
        + $"({string.Join(", ", bounds.All.Select(bound => $"{Name(bound.Part)} {bound.Cycles}"))})";

    private void Ports(BlockReport report)
    {
        string critical = report.CriticalPorts.Length == 0 ? "" : $"  (bound by {report.CriticalPorts})";
        string loads = string.Join("  ", report.Ports.Select(port => $"{port.Name} {port.MicroOps}"));
        terminal.Line($"  ports     {loads}{critical}");
    }

    private void Instructions(BlockReport report)
    {
        int text = report.Instructions.Max(one => one.Text.Length);
        int ports = Math.Max("ports".Length, report.Instructions.Max(one => one.Ports.Length));
        terminal.Line($"  {"".PadRight(text)}  slots  µops  {"ports".PadRight(ports)}  latency  notes");
        foreach (InstructionReport one in report.Instructions)
            terminal.Line(($"  {one.Text.PadRight(text)}  {one.Fused,5}  {one.Executed,4}  "
                + $"{one.Ports.PadRight(ports)}  {one.Latency,7}  {string.Join("; ", one.Notes)}").TrimEnd());
    }

    private static void Report(Utf8JsonWriter writer, BlockReport report)
    {
        writer.WriteString("hex", report.Hex);
        Number(writer, "unrolled", report.Unrolled.Cycles);
        Number(writer, "looped", report.Looped.Cycles);
        writer.WriteString("bottleneck", Name(report.Unrolled.Bottleneck));
        writer.WriteString("bottleneck_looped", Name(report.Looped.Bottleneck));
        writer.WriteString("core", report.Core);
        Bounds(writer, "bounds_unrolled", report.Unrolled);
        Bounds(writer, "bounds_looped", report.Looped);
        writer.WriteStartObject("ports");
        foreach (PortLoad port in report.Ports)
            Number(writer, port.Name, port.MicroOps);
        writer.WriteEndObject();
        writer.WriteStartArray("instructions");
        foreach (InstructionReport one in report.Instructions)
            Instruction(writer, one);
        writer.WriteEndArray();
    }

    private static void Bounds(Utf8JsonWriter writer, string name, BlockBounds bounds)
    {
        writer.WriteStartObject(name);
        foreach ((Bottleneck part, Ratio cycles) in bounds.All)
            Number(writer, Name(part), cycles);
        writer.WriteEndObject();
    }

    private static void Instruction(Utf8JsonWriter writer, InstructionReport one)
    {
        writer.WriteStartObject();
        writer.WriteString("text", one.Text);
        writer.WriteString("hex", one.Hex);
        writer.WriteNumber("slots", one.Fused);
        writer.WriteNumber("uops", one.Executed);
        writer.WriteString("ports", one.Ports);
        writer.WriteString("latency", one.Latency);
        if (one.FusedWith is { } other)
            writer.WriteNumber("fused_with", other);
        writer.WriteStartArray("notes");
        foreach (string note in one.Notes)
            writer.WriteStringValue(note);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Number(Utf8JsonWriter writer, string name, Ratio value)
    {
        writer.WritePropertyName(name);
        writer.WriteRawValue(value.ToString());
    }

    private static string Json(Action<Utf8JsonWriter> write)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes,
            new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }
        return System.Text.Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }

    private static string Name(Bottleneck part) => part.ToString().ToLowerInvariant();
}

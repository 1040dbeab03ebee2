using System.Globalization;
using System.Text;
using System.Text.Json;
using Seamsim.TextTraces;

namespace Seamsim.Cli.Trace;

/// <summary>What became of a text trace as one JSON object.</summary>
internal static class TextTraceJson
{
    /// <summary>The object.</summary>
    public static string Of(TextTrace trace, TextTraceResult result, string model)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes))
        {
            writer.WriteStartObject();
            writer.WriteString("file", trace.Name);
            writer.WriteBoolean("passed", result.Passed);
            writer.WriteString("model", model);
            writer.WriteStartArray("sections");
            foreach (SectionResult section in result.Sections)
                Write(writer, section);
            writer.WriteEndArray();
            writer.WriteStartArray("unmodelled");
            foreach (string mnemonic in result.Unmodelled)
                writer.WriteStringValue(mnemonic);
            writer.WriteEndArray();
            if (result.Problem.Length > 0)
                writer.WriteString("problem", result.Problem);
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static void Write(Utf8JsonWriter writer, SectionResult section)
    {
        writer.WriteStartObject();
        writer.WriteString("name", section.Name);
        writer.WriteString("world", section.World == SectionWorld.Host ? "host" : "td");
        writer.WriteNumber("line", section.Line);
        writer.WriteString("end", section.End.ToString().ToLowerInvariant());
        if (section.Reason.Length > 0)
        {
            writer.WriteNumber("end_line", section.EndLine);
            writer.WriteString("reason", section.Reason);
        }
        writer.WriteNumber("instructions", section.Instructions);
        writer.WriteNumber("cycles", section.Cycles);
        writer.WriteStartObject("registers");
        foreach ((string name, ulong value) in section.Registers)
            writer.WriteString(name, "0x" + value.ToString("X", CultureInfo.InvariantCulture));
        writer.WriteEndObject();
        writer.WriteStartArray("checks");
        foreach (CheckResult check in section.Checks)
            Write(writer, check);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, CheckResult check)
    {
        writer.WriteStartObject();
        writer.WriteNumber("line", check.Line);
        writer.WriteString("expect", check.Text);
        writer.WriteBoolean("passed", check.Passed);
        writer.WriteNumber("times", check.Times);
        if (!check.Passed)
            writer.WriteString("got", check.Got);
        writer.WriteEndObject();
    }
}

using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Seamsim.Firmware.Abi;
using Seamsim.Oracle;

namespace Seamsim.Cli;

/// <summary>The CPUID of a TD as one JSON object; the order of its members never changes.</summary>
internal static class CpuidJson
{
    // Reasons hold ' and #, which need no escape outside HTML.
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A TD and what it sees.</summary>
    public static string Of(CpuidReport report, CpuidRequest request, Platform platform) => Write(writer =>
    {
        Question(writer, report.Answer, platform.Module, platform);
        writer.WriteNull("refusal");
        writer.WriteStartArray("leaves");
        foreach (CpuidLeafView leaf in report.Leaves)
            if (request.Wants(leaf.Answer.Entry.Leaf, leaf.Answer.Entry.Subleaf) && leaf.Fields.Any(request.Wants))
                Leaf(writer, leaf, request);
        writer.WriteEndArray();
        writer.WriteStartArray("msrs");
        if (request.Only is null && request.Grep is null)
            foreach (MsrAnswer msr in report.Answer.Msrs)
                Msr(writer, msr, report.Answer);
        writer.WriteEndArray();
    });

    /// <summary>A TD that cannot be.</summary>
    public static string OfRefusal(CpuidAnswer answer, CpuidRefusals refusals, CpuidRequest request, Platform platform) =>
        Write(writer =>
        {
            Question(writer, answer, request.Module, platform);
            writer.WriteStartObject("refusal");
            Refusal(writer, answer, refusals);
            writer.WriteEndObject();
            writer.WriteStartArray("leaves");
            writer.WriteEndArray();
            writer.WriteStartArray("msrs");
            writer.WriteEndArray();
        });

    /// <summary>One object in a string.</summary>
    public static string Write(Action<Utf8JsonWriter> members)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes, Relaxed))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    /// <summary>The TD that was asked for.</summary>
    public static void Question(Utf8JsonWriter writer, CpuidAnswer answer, string module, Platform platform)
    {
        CpuidQuestion q = answer.Question;
        writer.WriteString("module", module);
        writer.WriteBoolean("hypothetical", answer.Module.Hypothetical);
        writer.WriteString("cpu", platform.Cpu);
        writer.WriteString("attributes", CpuidCsv.Hex(q.Attributes));
        writer.WriteString("xfam", CpuidCsv.Hex(q.Xfam));
        writer.WriteNumber("gpaw", q.Gpaw);
        HexOrNull(writer, "arch_capabilities", q.ArchCapabilities);
    }

    /// <summary>A number as <c>"0x…"</c>, or null.</summary>
    public static void HexOrNull(Utf8JsonWriter writer, string name, ulong? value)
    {
        if (value is { } number)
            writer.WriteString(name, CpuidCsv.Hex(number));
        else
            writer.WriteNull(name);
    }

    /// <summary>A sub-leaf; null for a leaf without.</summary>
    public static void Place(Utf8JsonWriter writer, uint leaf, uint subleaf)
    {
        writer.WriteString("leaf", CpuidCsv.Hex(leaf));
        HexOrNull(writer, "subleaf", subleaf == CpuidEntry.NoSubleaf ? null : subleaf);
    }

    private static void Refusal(Utf8JsonWriter writer, CpuidAnswer answer, CpuidRefusals refusals)
    {
        writer.WriteString("status", answer.Refusal?.Status.ToString());
        HexOrNull(writer, "rax", answer.Refusal?.Status.Value);
        HexOrNull(writer, "rcx", answer.Refusal?.Rcx);
        HexOrNull(writer, "leaf", refusals.Named?.Leaf);
        HexOrNull(writer, "subleaf", refusals.Named is { Subleaf: not CpuidEntry.NoSubleaf } named ? named.Subleaf : null);
        writer.WriteStartArray("why");
        foreach (string line in refusals.Lines)
            writer.WriteStringValue(line);
        writer.WriteEndArray();
    }

    private static void Leaf(Utf8JsonWriter writer, CpuidLeafView leaf, CpuidRequest request)
    {
        CpuidEntry entry = leaf.Answer.Entry;
        writer.WriteStartObject();
        Place(writer, entry.Leaf, entry.Subleaf);
        writer.WriteBoolean("ve", leaf.Answer.Value is null);
        Registers(writer, "td", leaf.Answer.Value);
        Registers(writer, "native", leaf.Answer.Native);
        Registers(writer, "configurable", entry.ConfigDirect | entry.AllowDirect);
        Registers(writer, "configured", leaf.Answer.Wanted);
        writer.WriteStartArray("fields");
        foreach (CpuidFieldView view in leaf.Fields.Where(request.Wants))
            Field(writer, view);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Registers(Utf8JsonWriter writer, string name, CpuidRegisters? registers)
    {
        if (registers is not { } values)
        {
            writer.WriteNull(name);
            return;
        }
        writer.WriteStartObject(name);
        for (int i = 0; i < 4; i++)
            writer.WriteString(CpuidNames.Registers[i].ToLowerInvariant(), CpuidCsv.Hex(values[i]));
        writer.WriteEndObject();
    }

    private static void Field(Utf8JsonWriter writer, CpuidFieldView view)
    {
        writer.WriteStartObject();
        writer.WriteString("register", CpuidNames.Registers[view.Field.Register]);
        writer.WriteNumber("msb", view.Field.Msb);
        writer.WriteNumber("lsb", view.Field.Lsb);
        writer.WriteString("name", view.Field.Name);
        HexOrNull(writer, "value", view.Value);
        writer.WriteString("category", CpuidNames.Of(view.Field.Category));
        writer.WriteString("reason", view.Reason.Kind.ToString());
        writer.WriteString("why", view.Reason.Text);
        writer.WriteEndObject();
    }

    private static void Msr(Utf8JsonWriter writer, MsrAnswer msr, CpuidAnswer answer)
    {
        writer.WriteStartObject();
        writer.WriteString("msr", CpuidCsv.Hex(msr.Number));
        writer.WriteString("name", msr.Name);
        writer.WriteString("boot", CpuidCsv.Hex(msr.Native));
        HexOrNull(writer, "configured", msr.Configured);
        writer.WriteString("seen", CpuidCsv.Hex(msr.Seen));
        writer.WriteString("evidence", msr.Evidence.ToString());
        writer.WriteString("why", msr.Why);
        writer.WriteStartArray("bits");
        if (msr.Number == ArchCapabilities.Msr)
            foreach (CapabilityView view in CpuidNames.CapabilitiesOf(answer, msr))
                Bit(writer, view);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Bit(Utf8JsonWriter writer, CapabilityView view)
    {
        writer.WriteStartObject();
        writer.WriteNumber("bit", view.Bit.Bit);
        writer.WriteString("name", view.Bit.Name);
        writer.WriteBoolean("boot", view.Native);
        writer.WriteBoolean("configured", view.Configured);
        writer.WriteBoolean("seen", view.Value);
        writer.WriteString("rule", view.Bit.Rule.ToString().ToUpperInvariant());
        writer.WriteString("why", view.Why);
        writer.WriteEndObject();
    }
}

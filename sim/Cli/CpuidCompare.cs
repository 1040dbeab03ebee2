using System.Globalization;
using System.Text;
using System.Text.Json;
using Seamsim.Firmware.Abi;
using Seamsim.Oracle;

namespace Seamsim.Cli;

/// <summary><c>seamsim cpuid --diff A B</c>: what changes for the same TD from one module to another.</summary>
internal static class CpuidCompare
{
    private static readonly string[] Columns =
    [
        "leaf", "subleaf", "register", "msb", "lsb", "change", "name_a", "name_b", "value_a", "value_b", "category_a",
        "category_b", "configurable_a", "configurable_b", "why_a", "why_b",
    ];

    /// <summary>Asks both modules and tells the differences; differences are no failure.</summary>
    public static int Run(Terminal terminal, CpuidRequest request, (string Before, string After) modules)
    {
        (CpuidAnswer a, IReadOnlyList<string> noA) = Ask(request, modules.Before);
        (CpuidAnswer b, IReadOnlyList<string> noB) = Ask(request, modules.After);
        CpuidDiff diff = CpuidDiff.Between(CpuidReport.Of(a), CpuidReport.Of(b));
        // A TD that only one of them takes is the difference; there is nothing else to compare.
        List<CpuidChange> changes = noA.Count + noB.Count > 0 ? [] : [.. diff.Changes.Where(c => Wanted(request, c))];
        if (terminal.Json)
            terminal.Line(Json(request, modules, diff, changes, noA, noB));
        else if (request.Csv)
            terminal.Text(Csv(changes));
        else
            Print(terminal, modules, diff, changes, noA, noB);
        return ExitCode.Pass;
    }

    private static (CpuidAnswer, IReadOnlyList<string>) Ask(CpuidRequest request, string module)
    {
        using Machine machine = new(request.Platform(module));
        using InterruptKey cancel = new(machine.Cancel);
        CpuidAnswer answer = CpuidVerb.Ask(machine, request);
        return (answer, new CpuidRefusals(answer, machine.Kernel.Tdx.Info).Lines);
    }

    private static bool Wanted(CpuidRequest request, CpuidChange change) =>
        request.Wants(change.Leaf, change.Subleaf)
        && (request.Grep is not { Length: > 0 } text
            || CpuidRequest.Contains(Name(change), text)
            || change.Kinds.Any(kind => CpuidRequest.Contains(kind, text)));

    private static void Print(
        Terminal terminal, (string Before, string After) modules, CpuidDiff diff, List<CpuidChange> changes,
        IReadOnlyList<string> noA, IReadOnlyList<string> noB)
    {
        terminal.Styled(("the same TD on ", ""), (modules.Before, "bold"), (" and on ", ""), (modules.After, "bold"));
        Refused(terminal, modules.Before, noA);
        Refused(terminal, modules.After, noB);
        foreach (CpuidChange change in changes)
        {
            terminal.Line("");
            terminal.Styled((Place(change), "bold"), ($" {Name(change)}: ", ""), (string.Join(", ", change.Kinds), "yellow"));
            Side(terminal, "-", "red", change.Before);
            Side(terminal, "+", "green", change.After);
        }
        terminal.Line("");
        if (diff.Slots.Before != diff.Slots.After)
            terminal.Line(Text($"slots of CPUID_CONFIG: {diff.Slots.Before} before, {diff.Slots.After} after"));
        terminal.Line(changes.Count == 0 && noA.Count + noB.Count == 0
            ? "no difference"
            : changes.Count == 1 ? "1 difference" : Text($"{changes.Count} differences"));
    }

    private static void Refused(Terminal terminal, string module, IReadOnlyList<string> lines)
    {
        foreach (string line in lines)
            terminal.Styled(($"{module}: ", "bold"), (line, "red"));
    }

    private static void Side(Terminal terminal, string sign, string style, CpuidSide? side)
    {
        if (side is null)
            return;
        string configurable = side.Configurable ? ", configurable" : "";
        terminal.Styled(
            ($"  {sign} {Value(side)}", style), ($"  {CpuidNames.Of(side.Category)}{configurable}", "dim"),
            ($"  {side.Reason}", ""));
    }

    private static string Csv(List<CpuidChange> changes)
    {
        StringBuilder text = new();
        CpuidCsv.Append(text, Columns);
        foreach (CpuidChange c in changes)
            CpuidCsv.Append(text,
                CpuidCsv.Hex(c.Leaf), CpuidCsv.Subleaf(c.Subleaf), CpuidNames.Registers[c.Register],
                CpuidCsv.Number(c.Msb), CpuidCsv.Number(c.Lsb), string.Join("; ", c.Kinds),
                c.Before?.Name ?? "", c.After?.Name ?? "", Value(c.Before), Value(c.After),
                Category(c.Before), Category(c.After), Configurable(c.Before), Configurable(c.After),
                c.Before?.Reason ?? "", c.After?.Reason ?? "");
        return text.ToString();
    }

    private static string Json(
        CpuidRequest request, (string Before, string After) modules, CpuidDiff diff, List<CpuidChange> changes,
        IReadOnlyList<string> noA, IReadOnlyList<string> noB) => CpuidJson.Write(writer =>
    {
        CpuidJson.Question(writer, diff.Before.Answer, modules.Before, request.Platform(modules.Before));
        writer.WriteString("compared_with", modules.After);
        writer.WriteNumber("slots_a", diff.Slots.Before);
        writer.WriteNumber("slots_b", diff.Slots.After);
        Strings(writer, "refusal_a", noA);
        Strings(writer, "refusal_b", noB);
        writer.WriteStartArray("changes");
        foreach (CpuidChange change in changes)
        {
            writer.WriteStartObject();
            CpuidJson.Place(writer, change.Leaf, change.Subleaf);
            writer.WriteString("register", CpuidNames.Registers[change.Register]);
            writer.WriteNumber("msb", change.Msb);
            writer.WriteNumber("lsb", change.Lsb);
            Strings(writer, "change", change.Kinds);
            Side(writer, "a", change.Before);
            Side(writer, "b", change.After);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    });

    private static void Strings(Utf8JsonWriter writer, string name, IReadOnlyList<string> values)
    {
        writer.WriteStartArray(name);
        foreach (string value in values)
            writer.WriteStringValue(value);
        writer.WriteEndArray();
    }

    private static void Side(Utf8JsonWriter writer, string name, CpuidSide? side)
    {
        if (side is null)
        {
            writer.WriteNull(name);
            return;
        }
        writer.WriteStartObject(name);
        writer.WriteString("name", side.Name);
        CpuidJson.HexOrNull(writer, "value", side.Value);
        writer.WriteString("category", CpuidNames.Of(side.Category));
        writer.WriteBoolean("configurable", side.Configurable);
        writer.WriteString("why", side.Reason);
        writer.WriteEndObject();
    }

    private static string Place(CpuidChange c) =>
        $"{CpuidNames.Leaf(c.Leaf, c.Subleaf)}.{CpuidNames.Registers[c.Register]}[{CpuidNames.Bits(c.Msb, c.Lsb)}]";

    private static string Name(CpuidChange change) =>
        change.Before is { Name: var a } && change.After is { Name: var b } && a != b
            ? $"{Shown(a)} -> {Shown(b)}"
            : Shown((change.After ?? change.Before)!.Name);

    private static string Shown(string name) => name.Length == 0 ? "-" : name;

    private static string Value(CpuidSide? side) =>
        side is null ? "" : side.Value is { } value ? CpuidCsv.Hex(value) : "#VE";

    private static string Category(CpuidSide? side) => side is null ? "" : CpuidNames.Of(side.Category);

    private static string Configurable(CpuidSide? side) => side is null ? "" : side.Configurable ? "yes" : "no";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

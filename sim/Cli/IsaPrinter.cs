using System.Globalization;
using System.Text;
using System.Text.Json;
using Seamsim.Isa.Decode;

namespace Seamsim.Cli;

/// <summary>Instruction forms as totals, a list or JSON lines.</summary>
internal sealed class IsaPrinter(Terminal terminal)
{
    private static readonly string[] Columns =
        ["family", "forms", "implemented", "native", "vectors", "interpreter only", "missing"];

    /// <summary>A row for each family, those of no model aside.</summary>
    public void Totals(IReadOnlyList<InstructionForm> forms)
    {
        List<InstructionForm> wanted = [.. forms.Where(form => form.State != FormState.Excluded)];
        if (!terminal.Quiet)
            terminal.WideTable(Columns, wanted.GroupBy(form => form.Family, StringComparer.Ordinal)
                .Select(family => Row(family.Key, [.. family])).Append(Row("together", wanted)));
        int implemented = wanted.Count(form => form.State == FormState.Implemented);
        string percent = (100m * implemented / wanted.Count).ToString("0.0", CultureInfo.InvariantCulture);
        terminal.Line($"{implemented} of {wanted.Count} forms implemented ({percent} %), "
            + $"{Count(wanted, FormCheck.Native)} compared with a real processor, "
            + $"{forms.Count - wanted.Count} excluded (--grep shows why)");
    }

    /// <summary>A line for each form.</summary>
    public void List(IReadOnlyList<InstructionForm> forms)
    {
        if (forms.Count > 0 && !terminal.Quiet)
        {
            int syntax = forms.Max(form => IsaVerb.Syntax(form).Length), family = forms.Max(form => form.Family.Length);
            foreach (InstructionForm form in forms)
                terminal.Line($"{IsaVerb.Syntax(form).PadRight(syntax)}  {form.Family.PadRight(family)}  "
                    + $"{form.Modes,-8}  {What(form)}");
        }
        terminal.Line($"{forms.Count} forms");
    }

    /// <summary>A form as an object on a line.</summary>
    public void Json(InstructionForm form)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes))
        {
            writer.WriteStartObject();
            writer.WriteString("form", form.Name);
            writer.WriteString("syntax", IsaVerb.Syntax(form));
            writer.WriteString("family", form.Family);
            writer.WriteString("modes", form.Modes);
            writer.WriteString("state", Word(form.State));
            writer.WriteString("models", form.Models);
            writer.WriteString("checked", Word(form.Checked));
            if (form.Reason.Length > 0)
                writer.WriteString("reason", form.Reason);
            writer.WriteEndObject();
        }
        terminal.Line(Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length));
    }

    private static string What(InstructionForm form) => form.State switch
    {
        FormState.Implemented => $"{form.Models}, checked: {Word(form.Checked)}",
        FormState.Missing => $"missing in {form.Models}",
        _ => $"excluded: {form.Reason}",
    };

    private static IReadOnlyList<string> Row(string family, IReadOnlyList<InstructionForm> forms) =>
    [
        family, Text(forms.Count), Text(forms.Count(form => form.State == FormState.Implemented)),
        Text(Count(forms, FormCheck.Native)), Text(Count(forms, FormCheck.Vectors)),
        Text(Count(forms, FormCheck.Interpreter)), Text(forms.Count(form => form.State == FormState.Missing)),
    ];

    private static int Count(IEnumerable<InstructionForm> forms, FormCheck check) =>
        forms.Count(form => form.Checked == check);

    private static string Text(int number) => number == 0 ? "" : number.ToString(CultureInfo.InvariantCulture);

    private static string Word(Enum value) => value.ToString().ToLowerInvariant();
}

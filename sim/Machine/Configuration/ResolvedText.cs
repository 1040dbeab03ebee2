using System.Globalization;
using System.Text;

namespace Seamsim.Configuration;

/// <summary>Writes settings back as TOML, every value followed by its origin.</summary>
internal static class ResolvedText
{
    /// <summary>The text of <c>config.toml</c> in a run directory; it is itself a valid scenario.</summary>
    public static string Of(TableSetting root)
    {
        StringBuilder text = new("# Resolved scenario: every value and where it comes from.\n");
        WriteTable(text, root, "", origins: true);
        return text.ToString();
    }

    /// <summary>The values alone: equal settings give equal text, wherever they were written.</summary>
    public static string ValuesOf(TableSetting root)
    {
        StringBuilder text = new();
        WriteTable(text, root, "", origins: false);
        return text.ToString();
    }

    private static void WriteTable(StringBuilder text, TableSetting table, string path, bool origins)
    {
        foreach (string key in table.Keys)
            if (table[key] is { } value && !IsSection(value))
                text.Append(key).Append(" = ").Append(Inline(value))
                    .Append(origins ? $"   # {OneLine(value.Origin)}\n" : "\n");
        foreach (string key in table.Keys)
        {
            string inner = path.Length == 0 ? key : $"{path}.{key}";
            if (table[key] is TableSetting section)
            {
                text.Append("\n[").Append(inner).Append("]\n");
                WriteTable(text, section, inner, origins);
            }
            else if (table[key] is ListSetting list && IsSection(list))
            {
                foreach (Setting element in list.Items)
                {
                    text.Append("\n[[").Append(inner).Append("]]\n");
                    WriteTable(text, (TableSetting)element, inner, origins);
                }
            }
        }
    }

    private static bool IsSection(Setting value) =>
        value is TableSetting || (value is ListSetting { Items.Count: > 0 } list
            && list.Items.TrueForAll(item => item is TableSetting));

    /// <summary>A value as TOML writes it on one line.</summary>
    public static string Inline(Setting value) => value switch
    {
        ScalarSetting { Value: string text } => Quoted(text),
        ScalarSetting { Value: bool flag }   => flag ? "true" : "false",
        ScalarSetting { Value: double real } => real.ToString("R", CultureInfo.InvariantCulture),
        ScalarSetting scalar                 => Convert.ToString(scalar.Value, CultureInfo.InvariantCulture)!,
        ListSetting list                     => "[" + string.Join(", ", list.Items.Select(Inline)) + "]",
        TableSetting table                   =>
            "{ " + string.Join(", ", table.Keys.Select(key => $"{key} = {Inline(table[key]!)}")) + " }",
        _                                    => "\"\"",
    };

    /// <summary>A comment ends with its line: an override may hold a line break.</summary>
    private static string OneLine(Origin origin) =>
        string.Concat($"{origin}".Select(character => char.IsControl(character) ? ' ' : character));

    private static string Quoted(string text)
    {
        StringBuilder quoted = new("\"");
        foreach (char character in text)
            _ = character switch
            {
                '"' or '\\'                       => quoted.Append('\\').Append(character),
                _ when char.IsControl(character) => quoted.Append(
                    CultureInfo.InvariantCulture, $"\\u{(int)character:X4}"),
                _                                => quoted.Append(character),
            };
        return quoted.Append('"').ToString();
    }
}

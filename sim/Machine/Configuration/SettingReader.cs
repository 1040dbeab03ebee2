using System.Globalization;

namespace Seamsim.Configuration;

/// <summary>
/// Reads the keys of one table with their types and ranges; what does not fit is a <see cref="ConfigurationException"/>
/// that names file, line, key and what was expected.
/// </summary>
internal sealed class SettingReader(TableSetting table, string path)
{
    private readonly HashSet<string> asked = [];

    /// <summary>Where the table was written.</summary>
    public Origin Origin => table.Origin;

    /// <summary>Whether a key is there.</summary>
    public bool Has(string key) => Find(key) is not null;

    /// <summary>An integer in a range.</summary>
    public ulong Number(string key, ulong minimum, ulong maximum)
    {
        string expected = $"an integer {Show(minimum)}..{Show(maximum)}";
        Setting setting = Need(key, expected);
        if (!TryNumber(setting, out ulong value) || value < minimum || value > maximum)
            throw Wrong(setting, key, expected);
        return value;
    }

    /// <summary>An integer in a range.</summary>
    public int Int(string key, int minimum, int maximum) => (int)Number(key, (ulong)minimum, (ulong)maximum);

    /// <summary>A number of bytes: an integer, or a string such as <c>"4 GiB"</c>.</summary>
    public ulong Bytes(string key, ulong minimum, ulong maximum)
    {
        string expected = $"a size such as \"4 GiB\" or a number of bytes, {Show(minimum)}..{Show(maximum)}";
        Setting setting = Need(key, expected);
        if (!TryBytes(setting, out ulong value) || value < minimum || value > maximum)
            throw Wrong(setting, key, expected);
        return value;
    }

    /// <summary>A string.</summary>
    public string Text(string key)
    {
        Setting setting = Need(key, "a string");
        return setting is ScalarSetting { Value: string text } ? text : throw Wrong(setting, key, "a string");
    }

    /// <summary>A string out of a set.</summary>
    public string OneOf(string key, params IReadOnlyList<string> choices)
    {
        string expected = choices.Count == 1 ? $"\"{choices[0]}\"" : "one of " + string.Join(", ", choices);
        Setting setting = Need(key, expected);
        return setting is ScalarSetting { Value: string text } && choices.Contains(text)
            ? text
            : throw Wrong(setting, key, expected);
    }

    /// <summary><c>true</c> or <c>false</c>.</summary>
    public bool Flag(string key)
    {
        Setting setting = Need(key, "true or false");
        return setting is ScalarSetting { Value: bool flag } ? flag : throw Wrong(setting, key, "true or false");
    }

    /// <summary>A 64-bit mask: an integer, a hex string, or an array of bit names.</summary>
    public ulong Mask(string key, IReadOnlyDictionary<string, int> names)
    {
        string expected = "an integer, a \"0x…\" string or an array of bits out of " + string.Join(", ", names.Keys);
        Setting setting = Need(key, expected);
        if (setting is not ListSetting list)
            return TryNumber(setting, out ulong value) ? value : throw Wrong(setting, key, expected);
        ulong mask = 0;
        foreach (Setting item in list.Items)
            mask |= item is ScalarSetting { Value: string name } && names.TryGetValue(name, out int bit)
                ? 1UL << bit
                : throw Wrong(item, key, expected);
        return mask;
    }

    /// <summary>An array of strings.</summary>
    public IReadOnlyList<(string Text, Origin Origin)> Texts(string key)
    {
        Setting setting = Need(key, "an array of strings");
        if (setting is not ListSetting list)
            throw Wrong(setting, key, "an array of strings");
        List<(string, Origin)> texts = [];
        foreach (Setting item in list.Items)
            texts.Add(item is ScalarSetting { Value: string text }
                ? (text, item.Origin)
                : throw Wrong(item, key, "an array of strings"));
        return texts;
    }

    /// <summary>The value of a key as it was written, or null.</summary>
    public Setting? Get(string key) => Find(key);

    /// <summary>A table.</summary>
    public SettingReader Table(string key)
    {
        Setting setting = Need(key, "a table");
        return setting is TableSetting inner
            ? new SettingReader(inner, Dotted(key))
            : throw Wrong(setting, key, "a table");
    }

    /// <summary>An array of tables, each on top of <paramref name="template"/> when there is one.</summary>
    public IReadOnlyList<SettingReader> Tables(string key, TableSetting? template = null)
    {
        Setting setting = Need(key, "an array of tables");
        if (setting is not ListSetting list)
            throw Wrong(setting, key, "an array of tables");
        List<SettingReader> readers = [];
        for (int i = 0; i < list.Items.Count; i++)
        {
            if (list.Items[i] is not TableSetting element)
                throw Wrong(list.Items[i], key, "an array of tables");
            TableSetting merged = template is null ? element : Over(template, element);
            readers.Add(new SettingReader(merged, $"{Dotted(key)}.{i}"));
        }
        return readers;
    }

    /// <summary>Complains about keys nobody asked for.</summary>
    public void RefuseOthers()
    {
        foreach (string key in table.Keys)
            if (!asked.Contains(key))
                throw new ConfigurationException(
                    table[key]!.Origin,
                    $"{Dotted(key)}: no such key; expected one of "
                    + string.Join(", ", asked.Order(StringComparer.Ordinal)));
    }

    /// <summary>A complaint about the value of a key.</summary>
    public ConfigurationException Wrong(string key, string expected) => Wrong(Find(key) ?? table, key, expected);

    /// <summary>An integer written as a number or as a string (<c>0x…</c> or decimal).</summary>
    public static bool TryNumber(Setting setting, out ulong value)
    {
        value = 0;
        return setting is ScalarSetting scalar && scalar.Value switch
        {
            long number when number >= 0 => (value = (ulong)number) >= 0,
            string text                  => TryNumber(text, out value),
            _                            => false,
        };
    }

    /// <summary>An integer in text, <c>0x…</c> or decimal, with <c>_</c> as separator.</summary>
    public static bool TryNumber(string text, out ulong value)
    {
        string digits = text.Replace("_", "", StringComparison.Ordinal);
        return digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? ulong.TryParse(digits.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value)
            : ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }

    private static TableSetting Over(TableSetting template, TableSetting element)
    {
        TableSetting merged = new TableSetting(element.Origin);
        return merged.MergedWith(template).MergedWith(element);
    }

    private static bool TryBytes(Setting setting, out ulong value)
    {
        if (TryNumber(setting, out value))
            return true;
        if (setting is not ScalarSetting { Value: string text } || text.Split(' ') is not [string count, string unit])
            return false;
        int shift = unit switch { "B" => 0, "KiB" => 10, "MiB" => 20, "GiB" => 30, "TiB" => 40, _ => -1 };
        if (shift < 0 || !TryNumber(count, out ulong number) || number > ulong.MaxValue >> shift)
            return false;
        value = number << shift;
        return true;
    }

    private Setting? Find(string key)
    {
        asked.Add(key);
        return table[key];
    }

    private Setting Need(string key, string expected) =>
        Find(key) ?? throw new ConfigurationException(table.Origin, $"{Dotted(key)}: missing; expected {expected}");

    private ConfigurationException Wrong(Setting setting, string key, string expected) =>
        new(setting.Origin, $"{Dotted(key)}: expected {expected}");

    private string Dotted(string key) => path.Length == 0 ? key : $"{path}.{key}";

    private static string Show(ulong value) =>
        value >= 0x10000 ? $"0x{value:X}" : value.ToString(CultureInfo.InvariantCulture);
}

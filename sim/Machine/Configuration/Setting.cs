namespace Seamsim.Configuration;

/// <summary>Where a value was written: a file and line, a command-line override, or the defaults.</summary>
/// <param name="Source">File name, <c>-c</c> or <c>default</c>.</param>
/// <param name="Line">1-based line; 0 when lines mean nothing.</param>
internal readonly record struct Origin(string Source, int Line)
{
    /// <inheritdoc/>
    public override string ToString() => Line == 0 ? Source : $"{Source}:{Line}";
}

/// <summary>A node of a configuration: every value knows where it comes from.</summary>
internal abstract class Setting(Origin origin)
{
    /// <summary>Where the value was written.</summary>
    public Origin Origin { get; } = origin;
}

/// <summary>A string, integer (<see cref="long"/>), <see cref="bool"/> or <see cref="double"/>.</summary>
internal sealed class ScalarSetting(object value, Origin origin) : Setting(origin)
{
    /// <summary>The value.</summary>
    public object Value { get; } = value;
}

/// <summary>An array.</summary>
internal sealed class ListSetting(List<Setting> items, Origin origin) : Setting(origin)
{
    /// <summary>The elements in order.</summary>
    public List<Setting> Items { get; } = items;
}

/// <summary>A table; keys keep the order in which they were written.</summary>
internal sealed class TableSetting(Origin origin) : Setting(origin)
{
    /// <summary>Keys in the order of first appearance.</summary>
    public List<string> Keys { get; } = [];

    private readonly Dictionary<string, Setting> values = [];

    /// <summary>The value of a key, or null.</summary>
    public Setting? this[string key] => values.GetValueOrDefault(key);

    /// <summary>Sets a key.</summary>
    public void Set(string key, Setting value)
    {
        if (!values.ContainsKey(key))
            Keys.Add(key);
        values[key] = value;
    }

    /// <summary>Puts <paramref name="over"/> on top: tables merge key by key, everything else is replaced.</summary>
    public TableSetting MergedWith(TableSetting over)
    {
        TableSetting merged = new(Origin);
        foreach (string key in Keys)
            merged.Set(key, values[key]);
        foreach (string key in over.Keys)
        {
            Setting value = over.values[key];
            merged.Set(key, value is TableSetting upper && merged[key] is TableSetting lower
                ? lower.MergedWith(upper)
                : value);
        }
        return merged;
    }
}

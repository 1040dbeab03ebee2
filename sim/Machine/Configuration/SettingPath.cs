namespace Seamsim.Configuration;

/// <summary>Dotted paths through settings: table keys, and indexes of arrays (<c>tds.0.gpaw</c>).</summary>
internal static class SettingPath
{
    /// <summary>A copy with the value at a path; what the path does not touch is shared with the original.</summary>
    /// <exception cref="ConfigurationException">The path leads through a value, or past the end of an array.</exception>
    public static TableSetting With(TableSetting root, string path, Setting value) =>
        (TableSetting)Put(root, path.Split('.'), value);

    /// <summary>What is at a path, or null.</summary>
    public static Setting? Find(Setting root, string path)
    {
        Setting? node = root;
        foreach (string key in path.Split('.'))
            node = node switch
            {
                TableSetting table                                                  => table[key],
                ListSetting list when int.TryParse(key, out int i) && i >= 0 && i < list.Items.Count => list.Items[i],
                _                                                                   => null,
            };
        return node;
    }

    private static Setting Put(Setting node, ReadOnlySpan<string> path, Setting value)
    {
        if (path.IsEmpty)
            return value;
        string key = path[0];
        if (node is ListSetting list)
        {
            if (!int.TryParse(key, out int index) || index < 0 || index >= list.Items.Count)
                throw new ConfigurationException(value.Origin, $"{key}: expected an index 0..{list.Items.Count - 1}");
            List<Setting> items = [.. list.Items];
            items[index] = Put(items[index], path[1..], value);
            return new ListSetting(items, list.Origin);
        }
        if (node is not TableSetting table)
            throw new ConfigurationException(value.Origin, $"{key}: the value above it is not a table");
        TableSetting copy = table.MergedWith(new TableSetting(table.Origin));
        copy.Set(key, Put(table[key] ?? new TableSetting(value.Origin), path[1..], value));
        return copy;
    }
}

namespace Seamsim.Configuration;

/// <summary>The layers of a configuration: defaults, then a file, then <c>-c key=value</c> overrides.</summary>
internal static class Layers
{
    /// <summary>The commented default scenario, exactly as <c>--print-defaults</c> prints it.</summary>
    public static string DefaultsText()
    {
        using Stream stream = typeof(Layers).Assembly.GetManifestResourceStream("default.toml")!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }

    /// <summary>Puts the layers on top of each other.</summary>
    /// <param name="file">A scenario's text and name, or null for the defaults alone.</param>
    /// <param name="overrides"><c>key=value</c>, later ones win.</param>
    public static TableSetting Resolve((string Text, string Name)? file, IReadOnlyList<string> overrides)
    {
        TableSetting settings = TomlSettings.Parse(DefaultsText(), "default", lines: false);
        if (file is { } scenario)
            settings = settings.MergedWith(TomlSettings.Parse(scenario.Text, scenario.Name));
        foreach (string assignment in overrides)
            Assign(settings, assignment);
        return settings;
    }

    private static void Assign(TableSetting root, string assignment)
    {
        int equals = assignment.IndexOf('=', StringComparison.Ordinal);
        Origin origin = new($"-c {assignment}", 0);
        if (equals <= 0)
            throw new ConfigurationException(origin, "expected key=value, e.g. platform.packages=2");

        string[] path = assignment[..equals].Trim().Split('.');
        Setting value = Value(assignment[(equals + 1)..].Trim(), origin);
        Setting node = root;
        for (int i = 0; i < path.Length; i++)
            node = Step(node, path[i], i == path.Length - 1 ? value : null, origin);
    }

    /// <summary>Walks one key down, or sets it when <paramref name="value"/> is given.</summary>
    private static Setting Step(Setting node, string key, Setting? value, Origin origin)
    {
        if (node is ListSetting list)
        {
            if (!int.TryParse(key, out int index) || index < 0 || index >= list.Items.Count)
                throw new ConfigurationException(origin, $"{key}: expected an index 0..{list.Items.Count - 1}");
            if (value is not null)
                list.Items[index] = value;
            return list.Items[index];
        }
        if (node is not TableSetting table)
            throw new ConfigurationException(origin, $"{key}: the value above it is not a table");
        if (value is not null)
            table.Set(key, value);
        else if (table[key] is null)
            table.Set(key, new TableSetting(origin));
        return table[key]!;
    }

    /// <summary>A TOML value; what is none (<c>hello</c>, <c>4 GiB</c>) is taken as a string.</summary>
    private static Setting Value(string text, Origin origin)
    {
        try
        {
            TableSetting parsed = TomlSettings.Parse($"value = {text}\n", origin.Source, lines: false);
            return parsed.Keys is ["value"] ? parsed["value"]! : new ScalarSetting(text, origin);
        }
        catch (ConfigurationException)
        {
            return new ScalarSetting(text, origin);
        }
    }
}

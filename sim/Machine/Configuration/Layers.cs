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
        {
            (string key, Setting value) = Override(assignment);
            settings = SettingPath.With(settings, key, value);
        }
        return settings;
    }

    /// <summary>The dotted key and the value of a <c>key=value</c> override.</summary>
    /// <exception cref="ConfigurationException">It is no assignment.</exception>
    public static (string Key, Setting Value) Override(string assignment)
    {
        int equals = assignment.IndexOf('=', StringComparison.Ordinal);
        Origin origin = new($"-c {assignment}", 0);
        if (equals <= 0)
            throw new ConfigurationException(origin, "expected key=value, e.g. platform.packages=2");
        return (assignment[..equals].Trim(), Value(assignment[(equals + 1)..].Trim(), origin));
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

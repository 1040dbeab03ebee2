using System.Globalization;
using Seamsim.Configuration;

namespace Seamsim.Sweeps;

/// <summary>
/// The keys a scenario has, so that an experiment can name one by its full path or, where it is the only one, by the
/// last word of it: <c>gpaw</c> is <c>td.gpaw</c>.
/// </summary>
internal sealed class ScenarioKeys
{
    private readonly TableSetting root = TomlSettings.Parse(Layers.DefaultsText(), "default", lines: false);
    private readonly List<string> keys = [];

    /// <summary>Those of the default scenario, which has them all.</summary>
    public ScenarioKeys() => Collect(root, "");

    /// <summary>Every key that a short or full name can mean.</summary>
    public IReadOnlyList<string> Matches(string written) =>
        keys.Contains(written) || IsElement(written)
            ? [written]
            : [.. keys.Where(key => key.EndsWith($".{written}", StringComparison.Ordinal))];

    /// <summary>The key that a name means.</summary>
    /// <exception cref="ConfigurationException">There is none, or more than one.</exception>
    public string Resolve(string written, Origin origin) => Matches(written) switch
    {
        [string key] => key,
        []           => throw new ConfigurationException(
            origin, $"{written}: no such scenario key; expected one of {string.Join(", ", keys)}, or the last word of one"),
        IReadOnlyList<string> several => throw new ConfigurationException(
            origin, $"{written}: expected one scenario key, and this means {string.Join(" or ", several)}"),
    };

    /// <summary>The leaves of nested tables and dotted keys, in order, with the keys they mean.</summary>
    public IEnumerable<Assignment> Assignments(TableSetting table) =>
        Leaves(table, "").Select(leaf => new Assignment(Resolve(leaf.Key, leaf.Value.Origin), leaf.Value));

    /// <summary>The leaves of nested tables, with the names as written.</summary>
    public static IEnumerable<Assignment> Leaves(TableSetting table, string path)
    {
        foreach (string key in table.Keys)
        {
            string inner = path.Length == 0 ? key : $"{path}.{key}";
            if (table[key] is not TableSetting nested)
                yield return new Assignment(inner, table[key]!);
            else
                foreach (Assignment leaf in Leaves(nested, inner))
                    yield return leaf;
        }
    }

    /// <summary>A path into an array (<c>tds.0.gpaw</c>); whether the element is there depends on the scenario.</summary>
    private bool IsElement(string written)
    {
        string[] path = written.Split('.');
        for (int i = 1; i < path.Length; i++)
            if (int.TryParse(path[i], NumberStyles.None, CultureInfo.InvariantCulture, out _)
                && SettingPath.Find(root, string.Join('.', path[..i])) is ListSetting)
                return true;
        return false;
    }

    private void Collect(TableSetting table, string path)
    {
        foreach (string key in table.Keys)
        {
            string inner = path.Length == 0 ? key : $"{path}.{key}";
            if (table[key] is TableSetting nested)
                Collect(nested, inner);
            else
                keys.Add(inner);
        }
    }
}

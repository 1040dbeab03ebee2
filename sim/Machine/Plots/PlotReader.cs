using Seamsim.Configuration;
using Seamsim.Sweeps;

namespace Seamsim.Plots;

/// <summary>Reads the [[plot]] tables of an experiment and refuses what could not be drawn.</summary>
internal sealed class PlotReader(Grid grid, IReadOnlyList<string> columns)
{
    private static readonly string[] Kinds = ["heatmap", "lines", "bars"];

    /// <summary>The plots, in order.</summary>
    /// <exception cref="ConfigurationException">One of them names what does not exist, or shows too much at once.
    /// </exception>
    public IReadOnlyList<PlotSpec> Read(IReadOnlyList<SettingReader> tables)
    {
        List<PlotSpec> plots = [];
        foreach (SettingReader table in tables)
        {
            PlotSpec plot = Read(table);
            if (plots.Exists(other => other.Name == plot.Name))
                throw table.Wrong("name", $"a name of its own: there is another plot \"{plot.Name}\"");
            plots.Add(plot);
        }
        return plots;
    }

    private PlotSpec Read(SettingReader table)
    {
        string name = ReadName(table);
        PlotKind kind = (PlotKind)Array.IndexOf(Kinds, table.OneOf("kind", Kinds));
        bool map = kind == PlotKind.Heatmap;
        IReadOnlyList<string> x = ReadX(table, kind == PlotKind.Lines ? 1 : 2);
        string? y = map || table.Has("series") ? AxisOf(table, map ? "y" : "series") : null;
        string? facet = table.Has("facet") ? AxisOf(table, "facet") : null;
        string value = ReadValue(table, "value", map ? SweepColumns.Categories : []);
        string? label = map && table.Has("label") ? ReadValue(table, "label", SweepColumns.Categories) : null;
        IReadOnlyDictionary<string, IReadOnlyList<string>> where = ReadWhere(table);
        PlotSpec plot = new()
        {
            Name = name, Kind = kind, X = x, Y = y, Facet = facet, Value = value, Label = label, Where = where,
            Title = table.Has("title") ? table.Text("title") : name,
            Categories = map && table.Has("categories") ? [.. table.Texts("categories").Select(one => one.Text)] : [],
            XLabel = table.Has("x_label") ? table.Text("x_label") : string.Join(" \u00d7 ", x),
            YLabel = table.Has("y_label") ? table.Text("y_label") : y ?? "",
            ValueLabel = table.Has("value_label") ? table.Text("value_label") : value,
        };
        table.RefuseOthers();
        RefuseSeveralRunsInOnePlace(table, plot);
        return plot;
    }

    /// <summary>The name of a file.</summary>
    private static string ReadName(SettingReader table)
    {
        string name = table.Text("name");
        return name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-')
            ? name
            : throw table.Wrong("name", "a word of letters, digits, '_' and '-'");
    }

    private IReadOnlyList<string> ReadX(SettingReader table, int most)
    {
        if (table.Get("x") is not ListSetting)
            return [AxisOf(table, "x")];
        IReadOnlyList<(string Text, Origin Origin)> names = table.Texts("x");
        if (names.Count < 1 || names.Count > most)
            throw table.Wrong("x", most == 1 ? "one axis" : "one axis or two");
        return [.. names.Select(name => Find(name.Text) is { } axis ? axis.Name : throw table.Wrong("x", AnAxis))];
    }

    private string AxisOf(SettingReader table, string key) =>
        Find(table.Text(key)) is { } axis ? axis.Name : throw table.Wrong(key, AnAxis);

    private string ReadValue(SettingReader table, string key, IReadOnlyList<string> categories)
    {
        string name = table.Text(key);
        if (columns.Contains(name) || categories.Contains(name) || SweepColumns.IsStatistic(name))
            return name;
        string words = categories.Count == 0 ? "" : $"{string.Join(", ", categories)}, ";
        throw table.Wrong(key, $"{words}one of the table's columns, or the dotted name of a statistic in stats.json");
    }

    private IReadOnlyDictionary<string, IReadOnlyList<string>> ReadWhere(SettingReader table)
    {
        Dictionary<string, IReadOnlyList<string>> where = [];
        if (!table.Has("where"))
            return where;
        SettingReader conditions = table.Table("where");
        foreach (Axis axis in grid.Axes)
        {
            if (!conditions.Has(axis.Name))
                continue;
            IReadOnlyList<string> texts = conditions.Get(axis.Name) is ListSetting list
                ? [.. list.Items.Select(Axis.TextOf)]
                : [Axis.TextOf(conditions.Get(axis.Name)!)];
            if (texts.Count == 0 || !texts.All(text => axis.Values.Any(value => value.Text == text)))
                throw conditions.Wrong(
                    axis.Name, $"values out of {string.Join(", ", axis.Values.Select(value => value.Text))}");
            where[axis.Name] = texts;
        }
        conditions.RefuseOthers();
        return where;
    }

    /// <summary>Every axis has its place in the plot, or one value.</summary>
    private void RefuseSeveralRunsInOnePlace(SettingReader table, PlotSpec plot)
    {
        string[] used = [.. plot.X, .. new[] { plot.Y, plot.Facet }.OfType<string>()];
        foreach (string name in used)
            if (used.Count(other => other == name) > 1)
                throw table.Wrong("x", $"different axes: {name} has two places");
        foreach (Axis axis in grid.Axes)
            if (!used.Contains(axis.Name) && axis.Values.Count > 1
                && plot.Where.GetValueOrDefault(axis.Name) is not { Count: 1 })
                throw new ConfigurationException(
                    table.Origin,
                    $"plot \"{plot.Name}\": several runs fall in one place: expected the axis {axis.Name} in x, "
                    + $"{(plot.Kind == PlotKind.Heatmap ? "y" : "series")} or facet, or one value of it in where");
    }

    private Axis? Find(string name) => grid.Axes.FirstOrDefault(axis => axis.Name == name);

    private string AnAxis => $"an axis of the grid: {string.Join(", ", grid.Axes.Select(axis => axis.Name))}";
}

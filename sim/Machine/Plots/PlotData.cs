using Seamsim.Sweeps;

namespace Seamsim.Plots;

/// <summary>The runs of a plot, by their places in it.</summary>
internal sealed class PlotData
{
    private readonly PlotSpec plot;
    private readonly Grid grid;
    private readonly Dictionary<string, SweepRow> rows = [];

    /// <summary>Sorts the runs that the plot shows into its places.</summary>
    public PlotData(Grid grid, PlotSpec plot, IReadOnlyList<SweepRow> all)
    {
        (this.grid, this.plot) = (grid, plot);
        Groups = plot.X.Count == 2 ? TextsOf(plot.X[0]) : [""];
        GroupNames = [.. Groups.Select(NameOfGroup)];
        Columns = TextsOf(plot.X[^1]);
        Series = TextsOf(plot.Y);
        Facets = TextsOf(plot.Facet);
        foreach (SweepRow row in all)
            if (IsShown(row))
                rows[KeyOf(row)] = row;
        Categories = plot.IsCategorical ? CategoriesOf(all) : [];
    }

    /// <summary>Values of the first of two horizontal axes; one empty text when there is one axis.</summary>
    public IReadOnlyList<string> Groups { get; }

    /// <summary>What stands below the groups: a bare number says of what.</summary>
    public IReadOnlyList<string> GroupNames { get; }

    /// <summary>Values of the (second) horizontal axis.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>Values of the vertical axis or of the series.</summary>
    public IReadOnlyList<string> Series { get; }

    /// <summary>A panel for each.</summary>
    public IReadOnlyList<string> Facets { get; }

    /// <summary>The categories that are shown, in the order of the legend.</summary>
    public IReadOnlyList<string> Categories { get; }

    /// <summary>Whether there is nothing to draw.</summary>
    public bool IsEmpty => plot.IsCategorical ? Categories.Count == 0 : !rows.Values.Any(row => FigureOf(row) is not null);

    /// <summary>All figures.</summary>
    public IEnumerable<ulong> Figures => rows.Values.Select(FigureOf).OfType<ulong>();

    /// <summary>The figure at a place, or null.</summary>
    public ulong? Figure(string facet, string group, string column, string series) =>
        At(facet, group, column, series) is { } row ? FigureOf(row) : null;

    /// <summary>The category at a place, or null.</summary>
    public string? Category(string facet, string group, string column, string series) =>
        At(facet, group, column, series) is { IsFinished: true } row ? CategoryOf(row) : null;

    /// <summary>The text in a cell.</summary>
    public string Label(string facet, string group, string column, string series)
    {
        if (plot.Label is null || At(facet, group, column, series) is not { } row)
            return "";
        return plot.Label switch
        {
            SweepColumns.Status  => row.StatusText,
            SweepColumns.Outcome => row.Outcome,
            _ => row.Statistics.TryGetValue(plot.Label, out ulong value) ? FigureText.Of(value) : "",
        };
    }

    private string NameOfGroup(string group) =>
        group.Length > 0 && group.All(char.IsAsciiDigit) ? $"{plot.X[0].Split('.')[^1]} = {group}" : group;

    private SweepRow? At(string facet, string group, string column, string series) =>
        rows.GetValueOrDefault(Key(facet, group, column, series));

    private ulong? FigureOf(SweepRow row) => row.Statistics.TryGetValue(plot.Value, out ulong value) ? value : null;

    private string CategoryOf(SweepRow row) => plot.Value == SweepColumns.Status ? row.StatusText : row.Outcome;

    private List<string> CategoriesOf(IReadOnlyList<SweepRow> all)
    {
        string[] found = [.. all.Where(row => row.IsFinished && IsShown(row)).Select(CategoryOf).Distinct()];
        return [.. plot.Categories.Where(found.Contains), .. found.Except(plot.Categories)];
    }

    private bool IsShown(SweepRow row) => plot.Where.All(condition => condition.Value.Contains(TextOf(row, condition.Key)));

    private string KeyOf(SweepRow row) => Key(
        TextOf(row, plot.Facet), plot.X.Count == 2 ? TextOf(row, plot.X[0]) : "", TextOf(row, plot.X[^1]),
        TextOf(row, plot.Y));

    private static string Key(string facet, string group, string column, string series) =>
        string.Join('\t', facet, group, column, series);

    private string TextOf(SweepRow row, string? axis)
    {
        for (int i = 0; i < grid.Axes.Count; i++)
            if (grid.Axes[i].Name == axis)
                return row.Point.Values[i].Text;
        return "";
    }

    private IReadOnlyList<string> TextsOf(string? name)
    {
        if (grid.Axes.FirstOrDefault(axis => axis.Name == name) is not { } axis)
            return [""];
        IEnumerable<string> texts = axis.Values.Select(value => value.Text);
        return [.. plot.Where.TryGetValue(axis.Name, out IReadOnlyList<string>? shown) ? texts.Where(shown.Contains) : texts];
    }
}

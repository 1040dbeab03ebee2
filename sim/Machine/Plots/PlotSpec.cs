using Seamsim.Configuration;
using Seamsim.Sweeps;

namespace Seamsim.Plots;

/// <summary>The form of a plot.</summary>
internal enum PlotKind
{
    /// <summary>A coloured cell for every run.</summary>
    Heatmap,

    /// <summary>A line for every value of the series.</summary>
    Lines,

    /// <summary>Bars side by side for the values of the series.</summary>
    Bars,
}

/// <summary>A plot as the experiment asks for it; what it names exists.</summary>
internal sealed record PlotSpec
{
    /// <summary>File name without ending.</summary>
    public required string Name { get; init; }

    /// <summary>Its form.</summary>
    public required PlotKind Kind { get; init; }

    /// <summary>Line above it.</summary>
    public required string Title { get; init; }

    /// <summary>Axes from left to right; the second varies within the first.</summary>
    public required IReadOnlyList<string> X { get; init; }

    /// <summary>Axis from top to bottom (heat maps), or the series (lines, bars); null for a single one.</summary>
    public string? Y { get; init; }

    /// <summary>Axis with a panel for every value, or null.</summary>
    public string? Facet { get; init; }

    /// <summary>Statistic, or a column of categories, that is drawn.</summary>
    public required string Value { get; init; }

    /// <summary>Statistic or column that heat-map cells show as text, or null.</summary>
    public string? Label { get; init; }

    /// <summary>Axis values that are shown; axes that are not named show all.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<string>> Where { get; init; }

    /// <summary>Categories in the order of the legend; others follow as they appear.</summary>
    public IReadOnlyList<string> Categories { get; init; } = [];

    /// <summary>Text of the horizontal axis.</summary>
    public required string XLabel { get; init; }

    /// <summary>Text of the vertical axis; of the legend of series for lines and bars.</summary>
    public required string YLabel { get; init; }

    /// <summary>What the value is, with its unit.</summary>
    public required string ValueLabel { get; init; }

    /// <summary>Whether the value is a category rather than a figure.</summary>
    public bool IsCategorical => SweepColumns.Categories.Contains(Value);

    /// <summary>The statistics it needs.</summary>
    public IEnumerable<string> Statistics =>
        new[] { Value, Label }.OfType<string>().Where(SweepColumns.IsStatistic);
}

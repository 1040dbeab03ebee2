using ScottPlot;

namespace Seamsim.Plots;

/// <summary>The legend of series, beside the data and never on it.</summary>
internal static class Legends
{
    private const float SymbolWidth = 70;

    /// <summary>Adds it where there is more than one series, and tells its width.</summary>
    public static float Add(Plot plot, PlotSpec spec, IReadOnlyList<LegendItem> series)
    {
        if (series.Count < 2)
            return 0;
        LegendItem[] items = [new() { LabelText = spec.YLabel }, .. series];
        plot.Legend.ManualItems.AddRange(items);
        plot.ShowLegend(Edge.Right);
        return PanelStyle.WidestOf(items.Select(item => item.LabelText)) + SymbolWidth;
    }
}

using ScottPlot;

namespace Seamsim.Plots;

/// <summary>The legend of series, beside the data and never on it.</summary>
internal static class Legends
{
    private const float SymbolWidth = 70;

    /// <summary>Adds it where there is more than one series, and tells its width.</summary>
    public static float Add(Plot plot, PlotSpec spec, PlotData data)
    {
        if (data.Series.Count < 2)
            return 0;
        plot.ShowLegend(Edge.Right);
        if (spec.YLabel.Length > 0)
            plot.Legend.ManualItems.Insert(0, new LegendItem { LabelText = spec.YLabel });
        return PanelStyle.WidestOf([spec.YLabel, .. data.Series]) + SymbolWidth;
    }
}

using ScottPlot;
using ScottPlot.TickGenerators;

namespace Seamsim.Plots;

/// <summary>Bars over the columns, side by side for the values of the series.</summary>
internal static class BarsPlot
{
    private const int Height = 400, MinWidth = 560, Sides = 120;
    private const double Room = 0.8;
    private const float BarWidth = 20;

    /// <summary>Draws a panel.</summary>
    public static Panel Draw(PlotSpec spec, PlotData data, string facet)
    {
        Plot plot = PanelStyle.Create(spec.XLabel, spec.ValueLabel);
        List<LegendItem> legend = [];
        for (int i = 0; i < data.Series.Count; i++)
        {
            ScottPlot.Plottables.BarPlot bars = plot.Add.Bars(BarsOf(data, facet, i));
            bars.Color = Palette.OfSeries(i);
            legend.Add(new LegendItem { LabelText = data.Series[i], FillColor = Palette.OfSeries(i) });
        }
        double length = PanelStyle.LengthOf(data);
        double column = Math.Max(
            data.Series.Count * BarWidth / Room,
            Math.Max(PanelStyle.WidestOf(data.Columns), PanelStyle.WidestOf(data.GroupNames) / data.Columns.Count) + 14);
        int width = Math.Max(MinWidth, (int)(length * column) + Sides);
        PanelStyle.NameColumns(plot, data, (float)((width - Sides) / length));
        plot.Axes.Left.TickGenerator = new NumericAutomatic { LabelFormatter = FigureText.Of };
        plot.Grid.XAxisStyle.IsVisible = false;
        plot.Grid.MajorLineColor = Palette.Guide;
        plot.Axes.SetLimitsY(0, PanelStyle.TopOf(data));
        return new Panel(plot, width + (int)Legends.Add(plot, spec, legend), Height);
    }

    private static List<Bar> BarsOf(PlotData data, string facet, int series)
    {
        double width = Room / data.Series.Count;
        List<Bar> bars = [];
        for (int group = 0; group < data.Groups.Count; group++)
            for (int column = 0; column < data.Columns.Count; column++)
                if (data.Figure(facet, data.Groups[group], data.Columns[column], data.Series[series]) is { } figure)
                    bars.Add(new Bar
                    {
                        Position = PanelStyle.PositionOf(data, group, column)
                            + ((series - ((data.Series.Count - 1) / 2.0)) * width),
                        Value = figure,
                        Size = width * 0.94,
                        LineWidth = 0,
                        FillColor = Palette.OfSeries(series),
                    });
        return bars;
    }
}

using System.Globalization;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace Seamsim.Plots;

/// <summary>A line for every value of the series over one axis: at its numbers, or at equal steps.</summary>
internal static class LinesPlot
{
    private const int MinWidth = 640, Height = 400, Sides = 120;

    /// <summary>Draws a panel.</summary>
    public static Panel Draw(PlotSpec spec, PlotData data, string facet)
    {
        Plot plot = PanelStyle.Create(spec.XLabel, spec.ValueLabel);
        bool numeric = data.Columns.All(column => double.TryParse(column, CultureInfo.InvariantCulture, out _));
        float column = PanelStyle.WidestOf(data.Columns) + 14;
        int width = numeric ? MinWidth : Math.Max(MinWidth, (int)(data.Columns.Count * column) + Sides);
        if (numeric)
            NameNumbers(plot, data);
        else
            PanelStyle.NameColumns(plot, data, column);
        List<LegendItem> legend = [];
        for (int i = 0; i < data.Series.Count; i++)
            legend.Add(AddLine(plot, data, facet, i, numeric));
        plot.Axes.Left.TickGenerator = new NumericAutomatic { LabelFormatter = FigureText.Of };
        plot.Grid.MajorLineColor = Palette.Guide;
        plot.Axes.SetLimitsY(0, PanelStyle.TopOf(data));
        return new Panel(plot, width + (int)Legends.Add(plot, spec, legend), Height);
    }

    private static LegendItem AddLine(Plot plot, PlotData data, string facet, int index, bool numeric)
    {
        List<Coordinates> points = [];
        for (int column = 0; column < data.Columns.Count; column++)
            if (data.Figure(facet, data.Groups[0], data.Columns[column], data.Series[index]) is { } figure)
                points.Add(new Coordinates(
                    numeric ? double.Parse(data.Columns[column], CultureInfo.InvariantCulture) : column, figure));
        ScottPlot.Plottables.Scatter line = plot.Add.Scatter(points, Palette.OfSeries(index));
        line.LineWidth = 2;
        line.MarkerSize = 9;
        line.MarkerShape = Palette.MarkerOf(index);
        line.MarkerLineWidth = 2;
        return new LegendItem
        {
            LabelText = data.Series[index], LineStyle = line.LineStyle, MarkerStyle = line.MarkerStyle,
        };
    }

    /// <summary>The axis is named at the numbers that were run.</summary>
    private static void NameNumbers(Plot plot, PlotData data)
    {
        NumericManual ticks = new();
        double[] at = [.. data.Columns.Select(column => double.Parse(column, CultureInfo.InvariantCulture))];
        double span = at.Max() - at.Min(), last = double.NegativeInfinity;
        foreach ((double number, string text) in at.Zip(data.Columns).OrderBy(one => one.First))
        {
            double room = (PlotFont.WidthOf(text, PanelStyle.TextSize) + 10) / (MinWidth - Sides) * span;
            bool clear = number - last >= room;
            ticks.AddMajor(number, clear ? text : "");
            last = clear ? number : last;
        }
        plot.Axes.Bottom.TickGenerator = ticks;
        double margin = span == 0 ? 1 : span * 0.04;
        plot.Axes.SetLimitsX(at.Min() - margin, at.Max() + margin);
    }
}

using ScottPlot;
using ScottPlot.TickGenerators;

namespace Seamsim.Plots;

/// <summary>A coloured cell for every run: figures from light to dark, or categories with a legend.</summary>
internal static class HeatMapPlot
{
    private const float CellHeight = 34, MinCellWidth = 46, MaxCellWidth = 150, MaxLegendWidth = 300;
    private const double CellGap = 0.03;

    /// <summary>Draws a panel.</summary>
    public static Panel Draw(PlotSpec spec, PlotData data, string facet)
    {
        Plot plot = PanelStyle.Create(spec.XLabel, spec.YLabel);
        Painter painter = new(spec, data);
        float cell = CellWidthOf(data, facet);
        for (int group = 0; group < data.Groups.Count; group++)
            for (int column = 0; column < data.Columns.Count; column++)
                for (int row = 0; row < data.Series.Count; row++)
                    DrawCell(plot, data, painter, cell, (facet, group, column, row));
        NameRows(plot, data);
        PanelStyle.NameColumns(plot, data, cell);
        plot.HideGrid();
        plot.Axes.Frame(false);
        float legend = painter.AddLegend(plot);
        float left = PanelStyle.WidestOf(data.Series) + 60;
        int height = (int)((data.Series.Count * CellHeight) + 90 + (data.Groups[0].Length > 0 ? 18 : 0));
        return new Panel(
            plot, (int)(left + (PanelStyle.LengthOf(data) * cell) + legend + 20), Math.Max(height, painter.LegendHeight));
    }

    private static float CellWidthOf(PlotData data, string facet)
    {
        IEnumerable<string> labels =
            from g in data.Groups from c in data.Columns from s in data.Series select data.Label(facet, g, c, s);
        float widest = Math.Max(PanelStyle.WidestOf(labels), PanelStyle.WidestOf(data.Columns));
        float groups = PanelStyle.WidestOf(data.GroupNames) / data.Columns.Count;
        return Math.Clamp(Math.Max(widest, groups) + 14, MinCellWidth, MaxCellWidth);
    }

    private static void DrawCell(
        Plot plot, PlotData data, Painter painter, float width, (string Facet, int Group, int Column, int Row) at)
    {
        double x = PanelStyle.PositionOf(data, at.Group, at.Column), y = data.Series.Count - 1 - at.Row;
        (string group, string column, string series) =
            (data.Groups[at.Group], data.Columns[at.Column], data.Series[at.Row]);
        Color? colour = painter.ColourOf(at.Facet, group, column, series);
        ScottPlot.Plottables.Rectangle cell =
            plot.Add.Rectangle(x - 0.5 + CellGap, x + 0.5 - CellGap, y - 0.5 + CellGap, y + 0.5 - CellGap);
        cell.FillColor = colour ?? Palette.Nothing;
        cell.LineWidth = 0;
        string label = colour is null ? "\u2013" : data.Label(at.Facet, group, column, series);
        if (label.Length == 0)
            return;
        ScottPlot.Plottables.Text text = plot.Add.Text(PanelStyle.Shortened(label, width - 8), x, y);
        text.LabelFontName = PlotFont.Family;
        text.LabelFontSize = PanelStyle.TextSize;
        text.LabelFontColor = Palette.TextOn(colour ?? Palette.Nothing);
        text.LabelAlignment = Alignment.MiddleCenter;
    }

    private static void NameRows(Plot plot, PlotData data)
    {
        NumericManual ticks = new();
        for (int row = 0; row < data.Series.Count; row++)
            ticks.AddMajor(data.Series.Count - 1 - row, data.Series[row]);
        plot.Axes.Left.TickGenerator = ticks;
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.Axes.SetLimitsY(-0.5, data.Series.Count - 0.5);
    }

    /// <summary>Colours of cells and what they mean.</summary>
    private sealed class Painter(PlotSpec spec, PlotData data)
    {
        private const int LegendLine = 26;

        private readonly double low = data.Figures.DefaultIfEmpty().Min(), high = data.Figures.DefaultIfEmpty().Max();

        /// <summary>Room for the legend's lines.</summary>
        public int LegendHeight => (data.Categories.Count * LegendLine) + 60;

        public Color? ColourOf(string facet, string group, string column, string series)
        {
            if (!spec.IsCategorical)
                return data.Figure(facet, group, column, series) is { } figure ? Palette.OfFigure(Share(figure)) : null;
            return data.Category(facet, group, column, series) is { } category
                ? Palette.OfCategory(category, IndexOf(category))
                : null;
        }

        /// <summary>Adds the legend and tells its width.</summary>
        public float AddLegend(Plot plot)
        {
            if (!spec.IsCategorical)
            {
                ScottPlot.Panels.ColorBar bar = plot.Add.ColorBar(new Scale(low, high));
                bar.Label = spec.ValueLabel;
                bar.LabelStyle.FontName = bar.Axis.TickLabelStyle.FontName = PlotFont.Family;
                bar.Axis.TickLabelStyle.FontSize = PanelStyle.TextSize;
                bar.LabelStyle.FontSize = PanelStyle.TextSize + 1;
                bar.Axis.TickGenerator = new NumericAutomatic { LabelFormatter = FigureText.Of, IntegerTicksOnly = true };
                return 130;
            }
            foreach (string category in data.Categories)
                plot.Legend.ManualItems.Add(new LegendItem
                {
                    LabelText = PanelStyle.Shortened(category, MaxLegendWidth),
                    FillColor = Palette.OfCategory(category, IndexOf(category)),
                });
            plot.ShowLegend(Edge.Right);
            return Math.Min(PanelStyle.WidestOf(data.Categories), MaxLegendWidth) + 60;
        }

        private double Share(ulong figure) => high > low ? (figure - low) / (high - low) : 0;

        private int IndexOf(string category)
        {
            for (int i = 0; i < data.Categories.Count; i++)
                if (data.Categories[i] == category)
                    return i;
            return Palette.DistinctCount;
        }
    }

    /// <summary>The colours of figures, for the bar beside the map.</summary>
    private sealed class Scale(double low, double high) : IHasColorAxis, IColormap
    {
        public string Name => "figures";

        public IColormap Colormap => this;

        public ScottPlot.Range GetRange() => new(low, high > low ? high : low + 1);

        public Color GetColor(double position) => Palette.OfFigure(position);
    }
}

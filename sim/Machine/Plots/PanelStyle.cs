using ScottPlot;
using ScottPlot.TickGenerators;

namespace Seamsim.Plots;

/// <summary>One drawing of a plot.</summary>
/// <param name="Plot">What is drawn.</param>
/// <param name="Width">Its width in pixels.</param>
/// <param name="Height">Its height in pixels.</param>
internal sealed record Panel(Plot Plot, int Width, int Height);

/// <summary>What all panels have in common: font, sizes, quiet frames, columns in groups.</summary>
internal static class PanelStyle
{
    /// <summary>Size of tick labels, legends and cell texts.</summary>
    public const float TextSize = 13;

    /// <summary>Room between groups of columns, in columns.</summary>
    public const double GroupGap = 0.35;

    private const float AxisTextSize = 14;

    /// <summary>An empty plot.</summary>
    public static Plot Create(string xLabel, string yLabel)
    {
        Plot plot = new();
        plot.Font.Set(PlotFont.Family);
        plot.FigureBackground.Color = Colors.White;
        plot.Axes.Color(Palette.Ink);
        plot.Axes.Right.FrameLineStyle.Width = plot.Axes.Top.FrameLineStyle.Width = 0;
        plot.XLabel(xLabel, AxisTextSize);
        plot.YLabel(yLabel, AxisTextSize);
        foreach (IAxis axis in new IAxis[] { plot.Axes.Bottom, plot.Axes.Left })
        {
            axis.TickLabelStyle.FontSize = TextSize;
            axis.Label.Bold = false;
            axis.MinorTickStyle.Length = 0;
        }
        plot.Legend.FontSize = TextSize;
        plot.Legend.OutlineWidth = 0;
        plot.Legend.ShadowColor = Colors.Transparent;
        return plot;
    }

    /// <summary>Where columns stand: one a unit, with room between groups.</summary>
    public static double PositionOf(PlotData data, int group, int column) =>
        (group * (data.Columns.Count + GroupGap)) + column;

    /// <summary>Upper end of the vertical axis: a little above the largest figure.</summary>
    public static double TopOf(PlotData data) => Math.Max(1, data.Figures.DefaultIfEmpty().Max() * 1.06);

    /// <summary>Length of the horizontal axis in units.</summary>
    public static double LengthOf(PlotData data) =>
        PositionOf(data, data.Groups.Count - 1, data.Columns.Count - 1) + 1;

    /// <summary>Names columns and, below them, groups.</summary>
    /// <param name="plot">Where.</param>
    /// <param name="data">What.</param>
    /// <param name="width">Pixels a column has.</param>
    public static void NameColumns(Plot plot, PlotData data, float width)
    {
        NumericManual ticks = new();
        for (int group = 0; group < data.Groups.Count; group++)
        {
            for (int column = 0; column < data.Columns.Count; column++)
                ticks.AddMajor(PositionOf(data, group, column), Shortened(data.Columns[column], width - 6));
            if (data.Groups[group].Length > 0)
                ticks.AddMajor(
                    (PositionOf(data, group, 0) + PositionOf(data, group, data.Columns.Count - 1)) / 2,
                    $"\n{Shortened(data.GroupNames[group], width * data.Columns.Count)}");
        }
        plot.Axes.Bottom.TickGenerator = ticks;
        plot.Axes.Bottom.MajorTickStyle.Length = 0;
        plot.Axes.SetLimitsX(-0.5, LengthOf(data) - 0.5);
    }

    /// <summary>Width of the widest of some texts.</summary>
    public static float WidestOf(IEnumerable<string> texts) =>
        texts.Select(text => PlotFont.WidthOf(text, TextSize)).DefaultIfEmpty(0).Max();

    /// <summary>A text that is not wider than it may be.</summary>
    public static string Shortened(string text, float width)
    {
        if (PlotFont.WidthOf(text, TextSize) <= width)
            return text;
        int length = text.Length;
        while (length > 1 && PlotFont.WidthOf(text[..length] + "\u2026", TextSize) > width)
            length--;
        return text[..length].TrimEnd() + "\u2026";
    }
}

using System.Text;
using ScottPlot;
using SkiaSharp;

namespace Seamsim.Plots;

/// <summary>Draws a plot: its panels below each other, as PNG at twice the size and as SVG.</summary>
internal static class PlotImage
{
    private const int Scale = 2, TitleHeight = 44, Margin = 8;
    private const float TitleSize = 17;

    /// <summary>The bytes of both files.</summary>
    public static (byte[] Png, byte[] Svg) Draw(PlotSpec plot, PlotData data)
    {
        PlotFont.Use();
        List<Panel> panels = [];
        foreach (string facet in data.Facets)
        {
            Panel panel = plot.Kind switch
            {
                PlotKind.Heatmap => HeatMapPlot.Draw(plot, data, facet),
                PlotKind.Lines   => LinesPlot.Draw(plot, data, facet),
                _                => BarsPlot.Draw(plot, data, facet),
            };
            if (plot.Facet is not null)
                panel.Plot.Title($"{plot.Facet} = {facet}", PanelStyle.TextSize);
            panels.Add(panel);
        }
        return Draw(plot.Name, plot.Title, panels);
    }

    /// <summary>The bytes of both files for panels that are drawn.</summary>
    public static (byte[] Png, byte[] Svg) Draw(string name, string title, IReadOnlyList<Panel> panels)
    {
        PlotFont.Use();
        int width = Math.Max(
            panels.Max(panel => panel.Width), (int)PlotFont.WidthOf(title, TitleSize * 1.1f) + (4 * Margin));
        int height = TitleHeight + panels.Sum(panel => panel.Height) + Margin;
        return (Png(name, title, panels, width, height), Svg(title, panels, width, height));
    }

    private static byte[] Png(string name, string title, IReadOnlyList<Panel> panels, int width, int height)
    {
        using SKSurface surface = SKSurface.Create(new SKImageInfo(width * Scale, height * Scale))
            ?? throw new InvalidOperationException($"no surface of {width} x {height} for plot {name}");
        surface.Canvas.Scale(Scale);
        Render(surface.Canvas, title, panels, width);
        using SKImage image = surface.Snapshot();
        using SKData png = image.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }

    /// <summary>SVG text names its font; a viewer without it takes the next one.</summary>
    private static byte[] Svg(string title, IReadOnlyList<Panel> panels, int width, int height)
    {
        using MemoryStream stream = new();
        using (SKCanvas canvas = SKSvgCanvas.Create(new SKRect(0, 0, width, height), stream))
            Render(canvas, title, panels, width);
        string svg = Encoding.UTF8.GetString(stream.ToArray()).Replace(
            $"font-family=\"{PlotFont.Family}\"", $"font-family=\"{PlotFont.Family}, Helvetica, Arial, sans-serif\"",
            StringComparison.Ordinal);
        return Encoding.UTF8.GetBytes(svg);
    }

    private static void Render(SKCanvas canvas, string heading, IReadOnlyList<Panel> panels, int width)
    {
        canvas.Clear(SKColors.White);
        using Paint paint = Paint.NewDisposablePaint();
        LabelStyle title = new()
        {
            Text = heading, FontName = PlotFont.Family, FontSize = TitleSize, Bold = true, ForeColor = Palette.Ink,
            Alignment = Alignment.MiddleCenter,
        };
        title.Render(canvas, new Pixel(width / 2f, TitleHeight / 2f), paint);
        int top = TitleHeight;
        foreach (Panel panel in panels)
        {
            // A plot clears what it draws on: it gets its own part of the canvas and no more.
            canvas.Save();
            canvas.ClipRect(new SKRect(0, top, width, top + panel.Height));
            panel.Plot.Render(canvas, new PixelRect(0, width, top + panel.Height, top));
            canvas.Restore();
            top += panel.Height;
        }
    }
}

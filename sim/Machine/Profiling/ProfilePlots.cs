using ScottPlot;
using ScottPlot.TickGenerators;
using Seamsim.Plots;
using Palette = Seamsim.Plots.Palette;
using Seamsim.Timing;

namespace Seamsim.Profiling;

/// <summary>Stacked bars: what the cycles of leaves, and those of the worlds, were spent on.</summary>
internal static class ProfilePlots
{
    private const int Row = 24, Frame = 110, Width = 900, MostRows = 24;

    /// <summary>A row for each leaf, those with most cycles first: shares of the causes, and cycles of a call.</summary>
    public static (byte[] Png, byte[] Svg) Leaves(Profile profile)
    {
        ProfiledLeaf[] leaves = [.. profile.Leaves.OrderByDescending(leaf => leaf.Total).Take(MostRows)];
        Cause[] causes = ProfileCsv.CausesOf(profile);
        Panel panel = Draw(
            [.. leaves.Select(leaf => ($"{leaf.Name}  {FigureText.Of(leaf.Mean)}", causes.Select(leaf.Of).ToArray()))],
            Parts(causes), "share of the leaf's cycles (%); behind the name: cycles of a call");
        return PlotImage.Draw("leaves", $"Cycles of SEAMCALL leaves by cause ({profile.Model})", [panel]);
    }

    /// <summary>A row for each world: shares of the causes, and cycles of all processors.</summary>
    public static (byte[] Png, byte[] Svg) Worlds(Profile profile)
    {
        World[] worlds = [.. profile.Worlds.Select(part => part.World).Distinct().Order()];
        Cause[] causes = [.. profile.Worlds.Select(part => part.Cause).Distinct().Order()];
        ulong Of(World world, Cause cause) => profile.Worlds
            .Where(part => part.World == world && part.Cause == cause).Aggregate(0UL, (sum, part) => sum + part.Cycles);
        (string Name, ulong[] Cycles)[] rows =
            [.. worlds.Select(world => (ProfileText.Of(world), causes.Select(cause => Of(world, cause)).ToArray()))];
        for (int i = 0; i < rows.Length; i++)
            rows[i].Name += "  " + FigureText.Of(rows[i].Cycles.Sum(part => (double)part));
        Panel panel = Draw(rows, Parts(causes), "share of the world's cycles (%); behind the name: cycles");
        return PlotImage.Draw("worlds", $"Cycles of worlds by cause ({profile.Model})", [panel]);
    }

    /// <summary>A row for each world: top-down level 1 of all processors together.</summary>
    public static (byte[] Png, byte[] Svg) TopDown(Profile profile)
    {
        (World World, TopDown Parts)[] worlds =
        [
            .. profile.TopDown.GroupBy(part => part.World).OrderBy(group => group.Key)
                .Select(group => (group.Key, group.Aggregate(default(TopDown), (sum, part) => sum + part.Parts))),
        ];
        Panel panel = Draw(
            [.. worlds.Select(row => ($"{ProfileText.Of(row.World)}  {FigureText.Of(row.Parts.Total)}",
                row.Parts.Named.Select(part => part.Cycles).ToArray()))],
            [.. default(TopDown).Named.Select((part, at) => (part.Name, Palette.OfSeries(at)))], "share of the world's cycles (%); behind the name: cycles");
        return PlotImage.Draw("topdown", $"Top-down level 1 of worlds ({profile.Model})", [panel]);
    }

    private static (string Name, Color Colour)[] Parts(Cause[] causes) =>
        [.. causes.Select(cause => (ProfileText.Of(cause), CauseColours.Of(cause)))];

    private static Panel Draw(
        (string Name, ulong[] Cycles)[] rows, (string Name, Color Colour)[] parts, string label)
    {
        PlotFont.Use();
        Plot plot = PanelStyle.Create(label, "");
        List<LegendItem> legend = [];
        NumericManual ticks = new();
        foreach ((string name, Color colour) in parts)
            legend.Add(new LegendItem { LabelText = name, FillColor = colour });
        for (int row = 0; row < rows.Length; row++)
        {
            AddRow(plot, rows[row].Cycles, parts, rows.Length - 1 - row);
            ticks.AddMajor(rows.Length - 1 - row, rows[row].Name);
        }
        plot.Axes.Left.TickGenerator = ticks;
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.Axes.SetLimits(0, 100, -0.6, rows.Length - 0.4);
        plot.Grid.YAxisStyle.IsVisible = false;
        plot.Legend.ManualItems.AddRange(legend);
        plot.ShowLegend(Edge.Right);
        float sides = PanelStyle.WidestOf(rows.Select(row => row.Name)) + PanelStyle.WidestOf(legend.Select(item => item.LabelText));
        return new Panel(plot, Width + (int)sides, Frame + Math.Max(rows.Length, legend.Count) * Row);
    }

    private static void AddRow(Plot plot, ulong[] cycles, (string Name, Color Colour)[] parts, int at)
    {
        double sum = cycles.Sum(part => (double)part), from = 0;
        List<Bar> bars = [];
        for (int part = 0; part < cycles.Length; part++)
        {
            if (cycles[part] == 0)
                continue;
            double to = from + (100 * cycles[part] / sum);
            bars.Add(new Bar
            {
                Position = at, ValueBase = from, Value = to, Size = 0.8, LineWidth = 0, FillColor = parts[part].Colour,
                Orientation = Orientation.Horizontal,
            });
            from = to;
        }
        if (bars.Count > 0)
            plot.Add.Bars(bars).Horizontal = true;
    }
}

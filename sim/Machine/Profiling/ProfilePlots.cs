using ScottPlot;
using ScottPlot.TickGenerators;
using Seamsim.Plots;
using Palette = Seamsim.Plots.Palette;
using Seamsim.Timing;

namespace Seamsim.Profiling;

/// <summary>Stacked bars: what the cycles of leaves, of worlds and of instructions were spent on.</summary>
internal static class ProfilePlots
{
    private const int Row = 24, Frame = 110, Width = 900, MostRows = 24;

    /// <summary>A row for each leaf, those with most cycles first: shares of the causes, and cycles of a call.</summary>
    public static (byte[] Png, byte[] Svg) Leaves(Profile profile)
    {
        ProfiledLeaf[] leaves = [.. profile.Leaves.OrderByDescending(leaf => leaf.Total).Take(MostRows)];
        Cause[] causes = ProfileCsv.CausesOf(profile);
        Panel panel = Draw(
            [.. leaves.Select(leaf => new Bars($"{leaf.Name}  {FigureText.Of(leaf.Mean)}", Shares(causes.Select(leaf.Of))))],
            Parts(causes), "share of the leaf's cycles (%); behind the name: cycles of a call");
        return PlotImage.Draw("leaves", $"Cycles of SEAMCALL leaves by cause ({profile.Model})", [panel]);
    }

    /// <summary>A row for each world: shares of the causes, and cycles of all processors.</summary>
    public static (byte[] Png, byte[] Svg) Worlds(Profile profile)
    {
        World[] worlds = [.. profile.Worlds.Select(part => part.World).Distinct().Order()];
        Cause[] causes = CausesIn(profile, worlds);
        Panel panel = Draw(
            [.. worlds.Select(world => new Bars($"{ProfileText.Of(world)}  {FigureText.Of(profile.In(world))}",
                Shares(causes.Select(cause => profile.In(world, cause)))))],
            Parts(causes), "share of the world's cycles (%); behind the name: cycles");
        return PlotImage.Draw("worlds", $"Cycles of worlds by cause ({profile.Model})", [panel]);
    }

    /// <summary>
    /// CPI stacks: for each world with instructions, cycles of one of them by cause, all processors together, each to its
    /// own scale. Where the module is C#, instructions of SEAM are those its operations stand for.
    /// </summary>
    public static (byte[] Png, byte[] Svg) Cpi(Profile profile)
    {
        World[] worlds = [.. profile.Instructions.Select(part => part.World).Distinct().Order()];
        Panel[] panels = worlds.Length == 0
            ? [Draw([], [], "no instructions")]
            : [.. worlds.Select(world => Cpi(profile, world))];
        return PlotImage.Draw("cpi", $"CPI stacks of worlds ({profile.Model})", panels);
    }

    private static Panel Cpi(Profile profile, World world)
    {
        ulong instructions = profile.InstructionsIn(world);
        Cause[] causes = CausesIn(profile, [world]);
        string modelled = profile.Instructions.Any(part => part.World == world && part.Modelled != 0)
            ? "cycles of an instruction; the module's operations stand for them" : "cycles of an instruction";
        return Draw(
            [new Bars($"{ProfileText.Of(world)}  {ProfileText.OfCpi(profile.In(world), instructions)}",
                [.. causes.Select(cause => profile.In(world, cause) / (double)instructions)])],
            Parts(causes), modelled);
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
            [.. worlds.Select(row => new Bars($"{ProfileText.Of(row.World)}  {FigureText.Of(row.Parts.Total)}",
                Shares(row.Parts.Named.Select(part => part.Cycles))))],
            [.. default(TopDown).Named.Select((part, at) => new Part(part.Name, Palette.OfSeries(at)))],
            "share of the world's cycles (%); behind the name: cycles");
        return PlotImage.Draw("topdown", $"Top-down level 1 of worlds ({profile.Model})", [panel]);
    }

    private static Cause[] CausesIn(Profile profile, World[] worlds) =>
        [.. profile.Worlds.Where(part => worlds.Contains(part.World)).Select(part => part.Cause).Distinct().Order()];

    private static Part[] Parts(Cause[] causes) =>
        [.. causes.Select(cause => new Part(ProfileText.Of(cause), CauseColours.Of(cause)))];

    private static double[] Shares(IEnumerable<ulong> cycles)
    {
        double[] all = [.. cycles.Select(part => (double)part)];
        double sum = all.Sum();
        return [.. all.Select(part => sum == 0 ? 0 : 100 * part / sum)];
    }

    private static Panel Draw(Bars[] rows, Part[] parts, string label)
    {
        PlotFont.Use();
        Plot plot = PanelStyle.Create(label, "");
        List<LegendItem> legend =
            [.. parts.Select(part => new LegendItem { LabelText = part.Name, FillColor = part.Colour })];
        NumericManual ticks = new();
        for (int row = 0; row < rows.Length; row++)
        {
            AddRow(plot, rows[row], parts, rows.Length - 1 - row);
            ticks.AddMajor(rows.Length - 1 - row, rows[row].Name);
        }
        plot.Axes.Left.TickGenerator = ticks;
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.Axes.SetLimits(0, rows.Select(row => row.Lengths.Sum()).DefaultIfEmpty(1).Max(), -0.6, rows.Length - 0.4);
        plot.Grid.YAxisStyle.IsVisible = false;
        plot.Legend.ManualItems.AddRange(legend);
        plot.ShowLegend(Edge.Right);
        float sides = PanelStyle.WidestOf(rows.Select(row => row.Name)) + PanelStyle.WidestOf(legend.Select(item => item.LabelText));
        return new Panel(plot, Width + (int)sides, Frame + Math.Max(rows.Length, legend.Count) * Row);
    }

    private static void AddRow(Plot plot, Bars row, Part[] parts, int at)
    {
        double from = 0;
        List<Bar> bars = [];
        for (int part = 0; part < parts.Length; part++)
        {
            if (row.Lengths[part] == 0)
                continue;
            double to = from + row.Lengths[part];
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

    /// <summary>A row of bars one behind the other, with a length for every part.</summary>
    private readonly record struct Bars(string Name, double[] Lengths);

    /// <summary>A part of every row.</summary>
    private readonly record struct Part(string Name, Color Colour);
}

using SkiaSharp;
using Seamsim.Plots;
using Seamsim.Sweeps;

namespace Seamsim.Tests.Sweeps;

/// <summary>Plots are drawn, can be decoded, and look the same wherever and whenever they are drawn.</summary>
[TestFixture]
internal sealed class PlotTests
{
    private const string Plots = """
        [[plot]]
        name = "map"
        kind = "heatmap"
        title = "Status"
        x = "packages"
        y = "event"
        value = "status"
        label = "run.seamcalls"
        [[plot]]
        name = "cells"
        kind = "heatmap"
        x = ["packages", "event"]
        y = "seed"
        value = "lp0.cycles"
        value_label = "cycles (functional)"
        [[plot]]
        name = "panels"
        kind = "lines"
        x = "packages"
        series = "seed"
        facet = "event"
        value = "run.seamcalls"
        [[plot]]
        name = "bars"
        kind = "bars"
        x = ["packages", "seed"]
        series = "event"
        value = "run.seamcalls"
        where = { event = ["none", "busy"] }
        [[plot]]
        name = "nothing"
        kind = "bars"
        x = ["packages", "seed"]
        series = "event"
        value = "no.such.statistic"

        """;

    private static readonly string[] Names = ["map", "cells", "panels", "bars"];

    [Test]
    public void Every_plot_is_a_PNG_and_an_SVG_and_the_same_every_time()
    {
        using SweepRig rig = new();
        string experiment = rig.Write("plots.toml", WithSeeds + Plots);
        (_, _, string error) = rig.Sweep(experiment, "a");
        rig.Sweep(experiment, "b");
        string calls = rig.Read("a/results.csv").Split('\n')[1].Split(',')[^3];
        using (Assert.EnterMultipleScope())
        {
            foreach (string name in Names)
            {
                using SKBitmap png = SKBitmap.Decode(rig[$"a/plots/{name}.png"]);
                Assert.That(png, Has.Property("Width").GreaterThan(200).And.Property("Height").GreaterThan(200), name);
                Assert.That(rig.Read($"a/plots/{name}.svg"), Does.Contain("<svg").And.Contain("Inter, Helvetica"));
                Assert.That(File.ReadAllBytes(rig[$"b/plots/{name}.png"]),
                    Is.EqualTo(File.ReadAllBytes(rig[$"a/plots/{name}.png"])), name);
            }
            Assert.That(rig.Read("a/plots/map.svg"), Does.Contain("Status").And.Contain("pass").And.Contain($"{calls}\n"));
            Assert.That(File.Exists(rig["a/plots/nothing.png"]), Is.False);
            Assert.That(error, Does.Contain("plot nothing: not drawn, no run has a value of no.such.statistic"));
        }
    }

    [Test]
    public void Text_is_drawn_with_the_font_this_program_carries()
    {
        PlotFont.Use();
        using SKTypeface font = ScottPlot.Fonts.GetTypeface(PlotFont.Family, bold: false, italic: false);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(font.FamilyName, Is.EqualTo("Inter"));
            Assert.That(font.ContainsGlyphs("MAXPHYADDR \u00d7 \u2026 \u2013"), Is.True);
            Assert.That(PlotFont.WidthOf("wide\nwider", 13), Is.EqualTo(PlotFont.WidthOf("wider", 13)));
        }
    }

    [TestCase(0, "0")]
    [TestCase(9999, "9999")]
    [TestCase(12345, "12.3 k")]
    [TestCase(805_710, "806 k")]
    [TestCase(2_000_000, "2 M")]
    [TestCase(0.25, "0.25")]
    public void Figures_are_short(double value, string text) => Assert.That(FigureText.Of(value), Is.EqualTo(text));

    [Test]
    public void Text_on_every_colour_of_figures_has_contrast()
    {
        for (double share = 0; share <= 1; share += 0.05)
        {
            ScottPlot.Color cell = Palette.OfFigure(share), text = Palette.TextOn(cell);
            Assert.That(Math.Abs(cell.Luminance - text.Luminance), Is.GreaterThan(0.3), $"{share}");
        }
    }

    [Test]
    public void Categories_keep_their_asked_order_and_others_follow()
    {
        Experiment experiment = ExperimentReader.Read(
            "[grid]\nseed = [1, 2, 3]\npackages = [1]\n[[plot]]\nname = \"p\"\nkind = \"heatmap\"\nx = \"seed\"\ny = \"packages\"\n"
            + "value = \"outcome\"\ncategories = [\"works\", \"never\", \"refused\"]\n", "my.toml");
        string[] outcomes = ["odd", "refused", "works"];
        PlotData data = new(experiment.Grid, experiment.Plots[0], [.. experiment.Grid.Points.Select(point =>
            SweepRow.Without(point, RunStatus.Pass) with { Outcome = outcomes[point.Index] })]);
        Assert.That(data.Categories, Is.EqualTo(new[] { "works", "refused", "odd" }));
    }

    /// <summary>The four runs with an axis more, fixed in the plots that do not show it.</summary>
    private static string WithSeeds => SweepRig.FourRuns.Replace("[grid]", "[grid]\nseed = [1]", StringComparison.Ordinal);
}

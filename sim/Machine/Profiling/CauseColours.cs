using ScottPlot;
using Seamsim.Timing;
using Palette = Seamsim.Plots.Palette;

namespace Seamsim.Profiling;

/// <summary>The colour of a cause: the same in every plot, whichever other causes are in it.</summary>
internal static class CauseColours
{
    /// <summary>For the causes behind the palette's own: colours of Tol (2021).</summary>
    private static readonly Color[] Extra =
        [Color.FromHex("#44AA99"), Color.FromHex("#DDCC77"), Color.FromHex("#332288"), Color.FromHex("#AA4499")];

    /// <summary>A cause's colour: twelve, then twelve that are half as dark.</summary>
    public static Color Of(Cause cause)
    {
        int distinct = Palette.DistinctCount + Extra.Length, index = (int)cause % distinct;
        Color colour = index < Palette.DistinctCount ? Palette.OfSeries(index) : Extra[index - Palette.DistinctCount];
        return (int)cause < distinct ? colour : colour.Lighten(0.5);
    }
}

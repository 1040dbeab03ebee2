using ScottPlot;

namespace Seamsim.Plots;

/// <summary>
/// Colours that people with colour-blindness tell apart: those of Okabe and Ito (2008) for categories and series, but for
/// their yellow, which is too pale for lines on white, a wine of Tol's; and one hue from light to dark for figures.
/// </summary>
internal static class Palette
{
    /// <summary>A run without a value.</summary>
    public static readonly Color Nothing = Color.FromHex("#F0F0F0");

    /// <summary>Text, ticks and frames.</summary>
    public static readonly Color Ink = Color.FromHex("#222222");

    /// <summary>Lines that only guide the eye.</summary>
    public static readonly Color Guide = Color.FromHex("#DDDDDD");

    private static readonly Color[] Distinct =
    [
        Color.FromHex("#0072B2"), Color.FromHex("#E69F00"), Color.FromHex("#009E73"), Color.FromHex("#CC79A7"),
        Color.FromHex("#56B4E9"), Color.FromHex("#D55E00"), Color.FromHex("#882255"), Color.FromHex("#999999"),
    ];

    private static readonly Color[] Ramp =
    [
        Color.FromHex("#F7FBFF"), Color.FromHex("#C6DBEF"), Color.FromHex("#6BAED6"), Color.FromHex("#2171B5"),
        Color.FromHex("#08306B"),
    ];

    private static readonly MarkerShape[] Markers =
    [
        MarkerShape.FilledCircle, MarkerShape.FilledSquare, MarkerShape.FilledTriangleUp, MarkerShape.FilledDiamond,
        MarkerShape.OpenCircle, MarkerShape.OpenSquare, MarkerShape.OpenTriangleUp, MarkerShape.OpenDiamond,
    ];

    /// <summary>How many categories have a colour of their own.</summary>
    public static int DistinctCount => Distinct.Length;

    /// <summary>Colour of the n-th series.</summary>
    public static Color OfSeries(int index) => Distinct[index % Distinct.Length];

    /// <summary>Marker of the n-th series: it tells series apart without colour too.</summary>
    public static MarkerShape MarkerOf(int index) => Markers[index % Markers.Length];

    /// <summary>Colour of a category; pass and fail have fixed ones.</summary>
    public static Color OfCategory(string category, int index) => category switch
    {
        "pass" => Distinct[2],
        "fail" => Distinct[5],
        _      => index < Distinct.Length - 1 ? Distinct[index] : Distinct[^1],
    };

    /// <summary>Colour of a figure, 0 the smallest and 1 the largest.</summary>
    public static Color OfFigure(double share)
    {
        double at = Math.Clamp(share, 0, 1) * (Ramp.Length - 1);
        int low = Math.Min((int)at, Ramp.Length - 2);
        return Ramp[low].InterpolateRgb(Ramp[low + 1], at - low);
    }

    /// <summary>Ink or white, whichever is read better on a colour (relative luminance, WCAG 2).</summary>
    public static Color TextOn(Color colour)
    {
        double luminance =
            (0.2126 * Linear(colour.R)) + (0.7152 * Linear(colour.G)) + (0.0722 * Linear(colour.B));
        return luminance > 0.25 ? Ink : Colors.White;
    }

    private static double Linear(byte channel) => Math.Pow(channel / 255.0, 2.2);
}

using System.Globalization;

namespace Seamsim.Plots;

/// <summary>Figures as plots write them: exact while short, then with three digits and a unit prefix.</summary>
internal static class FigureText
{
    private const double Step = 1000, ExactBelow = 10_000;
    private static readonly string[] Prefixes = ["", " k", " M", " G", " T", " P", " E"];

    /// <summary>A figure in text.</summary>
    public static string Of(double value)
    {
        int prefix = 0;
        double size = Math.Abs(value);
        while (size >= (prefix == 0 ? ExactBelow : Step) && prefix < Prefixes.Length - 1)
        {
            size /= Step;
            value /= Step;
            prefix++;
        }
        string digits = value.ToString(prefix == 0 ? "0.##" : "G3", CultureInfo.InvariantCulture);
        return digits + Prefixes[prefix];
    }
}

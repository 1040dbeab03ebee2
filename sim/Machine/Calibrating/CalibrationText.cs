using System.Globalization;
using System.Text;
using Seamsim.Isa.Ports;
using Seamsim.Timing;

namespace Seamsim.Calibrating;

/// <summary>A calibration in words.</summary>
internal static class CalibrationText
{
    /// <summary>The whole report.</summary>
    public static string Of(CalibrationResult result, CoreParameters shipped)
    {
        StringBuilder text = new();
        Fit(text, result.Costs, shipped);
        Leaves(text, result);
        Counts(text, result);
        Line(text, $"\nNot used in the fit; at {Calibration.CyclesPerMicrosecond} cycles a microsecond (2.2 GHz)");
        foreach (Validation check in result.Validations)
            Line(text, Of(check));
        return text.ToString();
    }

    /// <summary>A line on a figure that was not fitted: how far the model is from both ends of what was measured.</summary>
    public static string Of(Validation check)
    {
        string model = Text($"  {check.Name,-34}{check.Microseconds,7:F1} us; measured ");
        if (check.Low == check.High)
            return Text($"{model}{check.Low} us: {check.OfLow:F2} times that, ")
                + (check.IsWithinTwo ? "within a factor of 2" : "NOT within a factor of 2");
        string place = check.OfNearest == 1 ? "inside the range"
            : Text($"nearest end {check.OfNearest:F2}, ")
                + (!check.IsWithinTwo ? "NOT within a factor of 2 of either end"
                    : check.OfLow <= 2 && check.OfHigh >= 0.5 ? "within a factor of 2 of both ends"
                    : "within a factor of 2 of that end and NOT of the other");
        return Text($"{model}{check.Low}..{check.High} us: ")
            + Text($"{check.OfLow:F2} times the lower end, {check.OfHigh:F2} times the upper; {place}");
    }

    private static void Fit(StringBuilder text, CoreParameters costs, CoreParameters shipped)
    {
        Line(text, $"Fitted costs in cycles (interval, {costs.Name}); everything else is cited or assumed");
        foreach (Operation operation in CostFit.Fitted)
        {
            OperationCost cost = costs[operation];
            string bound = cost.Cycles == cost.Low || cost.Cycles == cost.High ? ", at the end of its range" : "";
            Line(text, $"  {operation,-16}{cost.Cycles,9}  in {cost.Low}..{cost.High}{bound}; shipped {shipped[operation].Cycles}");
        }
    }

    private static void Leaves(StringBuilder text, CalibrationResult result)
    {
        Line(text, $"\n{"measured leaf",-24}{"measured",10}{"model",10}{"residual",10}{"left out",10}");
        foreach (FittedLeaf leaf in result.Leaves)
            Line(text, $"  {leaf.Leaf.Name,-22}{leaf.Leaf.Cycles,10}{leaf.Predicted,10:F0}{Percent(leaf.Residual),10}"
                + (leaf.IsDetermined ? $"{Percent(leaf.LeftOutResidual),10}" : $"{"none",10}"));
        Line(text, $"  within 35 %: {result.Leaves.Count(leaf => Math.Abs(leaf.Residual) <= 0.35)} of {result.Leaves.Count}, "
            + $"within 50 %: {result.Leaves.Count(leaf => Math.Abs(leaf.Residual) <= 0.5)}");
        Line(text, $"  left out: fitted without the leaf; none: no other leaf determines a cost it depends on");
    }

    private static void Counts(StringBuilder text, CalibrationResult result)
    {
        Line(text, $"\n{"counted leaf",-26}{"published",10}{"model",10}{"ratio",8}");
        foreach (CountedLeaf leaf in result.Counts)
            Line(text, $"  {leaf.Leaf.Name,-24}{leaf.Leaf.Instructions,10}"
                + (leaf.Instructions is { } count ? $"{count,10:F0}{leaf.Ratio,8:F2}" : $"{"not called by the runs",26}"));
    }

    private static string Percent(double ratio) => ratio.ToString("+0 %;-0 %;0 %", CultureInfo.InvariantCulture);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static void Line(StringBuilder text, FormattableString line) => Line(text, Text(line));

    private static void Line(StringBuilder text, string line) => text.Append(line).Append('\n');
}

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
            Line(text, $"  {check.Name,-34}{check.Microseconds,7:F1} us, measured {check.Low}..{check.High}: "
                + (check.IsWithinTwo ? "within 2x" : "NOT within 2x"));
        return text.ToString();
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

    private static void Line(StringBuilder text, FormattableString line) =>
        text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private static void Line(StringBuilder text, string line) => text.Append(line).Append('\n');
}

using Seamsim.Isa.Ports;
using Seamsim.Timing;

namespace Seamsim.Calibrating;

/// <summary>
/// Chooses the costs that no source states, within the range their row gives, so that the leaves that were measured
/// come out: the sum of the fourth powers of the logarithms of predicted over measured is smallest. The fourth power
/// minds the worst leaf most, as measurements good to ±50 % ask for. No leaf has a value of its own.
/// </summary>
internal static class CostFit
{
    private const int Power = 4;
    private const double FirstStep = 2, LastStep = 1.0002, Narrowing = 0.7, LeastGain = 1e-13;

    /// <summary>The costs that are fitted; all leaves share them.</summary>
    public static IReadOnlyList<Operation> Fitted { get; } =
        [Operation.Pconfig, Operation.OperandCheck, Operation.CpuidValue, Operation.Rdseed, Operation.Movdir64b];

    /// <summary>Fits to leaves.</summary>
    /// <param name="start">Everything that is not fitted, and the ranges of what is.</param>
    /// <param name="leaves">What they do, and what they took.</param>
    public static CoreParameters Fit(CoreParameters start, IReadOnlyList<(LeafWork Work, ulong Measured)> leaves)
    {
        start = With(start, new double[Fitted.Count]);
        double[] values = [.. Fitted.Select(operation => Math.Sqrt((double)start[operation].Low * start[operation].High))];
        double best = Misfit(start, values, leaves);
        for (double step = FirstStep; step > LastStep;)
        {
            bool better = false;
            for (int i = 0; i < values.Length; i++)
                for (int j = 0; j < values.Length; j++)
                    foreach (double factor in (double[])[step, 1 / step])
                        better |= Try(start, values, (i, factor), (j, i == j ? 1 : 1 / factor), leaves, ref best);
            if (!better)
                step = Math.Pow(step, Narrowing);
        }
        return With(start, values);
    }

    /// <summary>Predicted over measured, less one.</summary>
    public static double Residual(CoreParameters costs, LeafWork work, ulong measured) =>
        (work.Cycles(costs) / measured) - 1;

    /// <summary>Moves one value, or one up and another down: valleys of the misfit lie askew.</summary>
    private static bool Try(
        CoreParameters start, double[] values, (int At, double Factor) first, (int At, double Factor) second,
        IReadOnlyList<(LeafWork Work, ulong Measured)> leaves, ref double best)
    {
        double[] moved = [.. values];
        foreach ((int at, double factor) in (ReadOnlySpan<(int, double)>)[first, second])
            moved[at] = Math.Clamp(moved[at] * factor, start[Fitted[at]].Low, start[Fitted[at]].High);
        double misfit = Misfit(start, moved, leaves);
        if (misfit >= best * (1 - LeastGain))
            return false;
        best = misfit;
        moved.CopyTo(values, 0);
        return true;
    }

    private static double Misfit(
        CoreParameters start, double[] values, IReadOnlyList<(LeafWork Work, ulong Measured)> leaves)
    {
        double sum = 0;
        foreach ((LeafWork work, ulong measured) in leaves)
        {
            double predicted = work.Cycles(start);
            for (int i = 0; i < values.Length; i++)
                predicted += work.Operations[(int)Fitted[i]] * values[i];
            sum += Math.Pow(Math.Log(predicted / measured), Power);
        }
        return sum;
    }

    private static CoreParameters With(CoreParameters start, double[] values) => start.With(
        Fitted.Select((operation, i) => start[operation] with { Cycles = ThreeDigits(values[i]) }));

    /// <summary>The measurements carry no more digits than that.</summary>
    private static uint ThreeDigits(double value)
    {
        double unit = Math.Pow(10, Math.Max(0, Math.Floor(Math.Log10(Math.Max(value, 1))) - 2));
        return (uint)(Math.Round(value / unit) * unit);
    }
}

using Seamsim.Timing;

namespace Seamsim.Calibrating;

/// <summary>What one call of a leaf does, on average.</summary>
/// <param name="Name">The leaf.</param>
/// <param name="Calls">Calls the mean is over.</param>
/// <param name="Operations">Mean count of every operation.</param>
/// <param name="Instructions">Mean count of the instructions they stand for.</param>
internal sealed record LeafWork(string Name, int Calls, IReadOnlyList<double> Operations, double Instructions)
{
    /// <summary>Its mean cost.</summary>
    public double Cycles(CoreParameters costs)
    {
        double rate = costs.StraightLineHundred / 100.0, sum = 0;
        foreach (OperationCost cost in costs.Rows)
            if (Operations[(int)cost.Operation] is var count and not 0)
                sum += count * (cost.Cycles + (cost.Instructions * rate));
        return sum;
    }
}

using Seamsim.Timing;

namespace Seamsim.Calibrating;

/// <summary>A measured leaf after the fit.</summary>
/// <param name="Leaf">The measurement.</param>
/// <param name="Predicted">Cycles with the fitted costs.</param>
/// <param name="LeftOut">Cycles with costs fitted to the other leaves only.</param>
/// <param name="IsDetermined">Whether the other leaves determine every fitted cost this one depends on.</param>
internal sealed record FittedLeaf(MeasuredLeaf Leaf, double Predicted, double LeftOut, bool IsDetermined)
{
    /// <summary>Predicted over measured, less one.</summary>
    public double Residual => (Predicted / Leaf.Cycles) - 1;

    /// <summary>The same without the leaf's own measurement.</summary>
    public double LeftOutResidual => (LeftOut / Leaf.Cycles) - 1;
}

/// <summary>Instructions of a leaf against the published count; null: the leaf is not called by the runs.</summary>
internal sealed record CountedLeaf(MeasuredLeaf Leaf, double? Instructions)
{
    /// <summary>Modelled over published.</summary>
    public double? Ratio => Instructions / Leaf.Instructions;
}

/// <summary>A figure that is not used in the fit.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Microseconds">What the model says.</param>
/// <param name="Low">Lower end of what was measured.</param>
/// <param name="High">Upper end.</param>
internal sealed record Validation(string Name, double Microseconds, double Low, double High)
{
    /// <summary>Model over the lower end of what was measured.</summary>
    public double OfLow => Microseconds / Low;

    /// <summary>Model over the upper end.</summary>
    public double OfHigh => Microseconds / High;

    /// <summary>Model over the nearer end, or 1 within the range.</summary>
    public double OfNearest => OfHigh > 1 ? OfHigh : OfLow < 1 ? OfLow : 1;

    /// <summary>
    /// Within a factor of two of the nearer end of what was measured. It says nothing of the middle of the range, nor of
    /// its other end.
    /// </summary>
    public bool IsWithinTwo => OfNearest is >= 0.5 and <= 2;
}

/// <summary>Everything the calibration says.</summary>
internal sealed record CalibrationResult(
    CoreParameters Costs, IReadOnlyList<FittedLeaf> Leaves, IReadOnlyList<CountedLeaf> Counts,
    IReadOnlyList<Validation> Validations);

using Seamsim.Timing;

namespace Seamsim.Calibrating;

/// <summary>The calibration of a core parameter set against what is published about real SEAMCALLs.</summary>
internal static class Calibration
{
    /// <summary>
    /// Cycles of a microsecond: 2.2 GHz, stated with the TDH.SYS.TDMR.INIT figure and the base clock of the processor
    /// the cycles were measured on. The sources of the other times do not state a clock.
    /// </summary>
    public const double CyclesPerMicrosecond = 2200;

    /// <summary>Counts, fits, and checks.</summary>
    public static CalibrationResult Run(CoreParameters start)
    {
        SortedDictionary<string, LeafWork> work = CalibrationRuns.Play();
        (LeafWork Work, ulong Measured)[] measured =
            [.. MeasuredLeaf.All.Where(leaf => leaf.Cycles != 0).Select(leaf => (work[leaf.Name], leaf.Cycles))];
        CoreParameters costs = CostFit.Fit(start, measured);
        return new CalibrationResult(
            costs,
            [.. MeasuredLeaf.All.Where(leaf => leaf.Cycles != 0).Select(leaf => Fitted(leaf, start, costs, work, measured))],
            [
                .. MeasuredLeaf.All.Where(leaf => leaf.Instructions != 0)
                    .Select(leaf => new CountedLeaf(leaf, work.GetValueOrDefault(leaf.Name)?.Instructions)),
            ],
            Validate(costs, work));
    }

    private static FittedLeaf Fitted(
        MeasuredLeaf leaf, CoreParameters start, CoreParameters costs, SortedDictionary<string, LeafWork> work,
        (LeafWork Work, ulong Measured)[] measured)
    {
        (LeafWork Work, ulong Measured)[] others = [.. measured.Where(other => other.Work.Name != leaf.Name)];
        bool determined = CostFit.Fitted.All(operation =>
            work[leaf.Name].Operations[(int)operation] == 0
            || others.Any(other => other.Work.Operations[(int)operation] != 0));
        double leftOut = work[leaf.Name].Cycles(CostFit.Fit(start, others));
        return new FittedLeaf(leaf, work[leaf.Name].Cycles(costs), leftOut, determined);
    }

    /// <summary>
    /// Figures kept out of the fit. Accepting a page is one TDH.VP.ENTER that ends with an EPT violation, one
    /// TDH.MEM.PAGE.AUG, and one TDG.MEM.PAGE.ACCEPT after the re-entry; the host's own code costs nothing here.
    /// </summary>
    private static Validation[] Validate(CoreParameters costs, SortedDictionary<string, LeafWork> work)
    {
        double Time(params string[] leaves) => leaves.Sum(leaf => work[leaf].Cycles(costs)) / CyclesPerMicrosecond;
        return
        [
            new("accept a 4-KiB page, end to end", Time("TDH.VP.ENTER", "TDH.MEM.PAGE.AUG", "TDG.MEM.PAGE.ACCEPT"), 11, 16),
            new("TDH.SYS.TDMR.INIT", Time("TDH.SYS.TDMR.INIT"), 7, 7),
            new("reclaim a 4-KiB page", Time("TDH.PHYMEM.PAGE.RECLAIM"), 4.5, 5),
        ];
    }
}

using Seamsim.Calibrating;
using Seamsim.Isa.Ports;
using Seamsim.Timing;

namespace Seamsim.Tests.Profiling;

/// <summary>The shipped costs are those the calibration finds, and they keep what the documentation promises.</summary>
[TestFixture]
internal sealed class CalibrationTests
{
    private CalibrationResult result = null!;

    [OneTimeSetUp]
    public void Calibrate() => result = Calibration.Run(CoreParameters.Shipped);

    [Test]
    public void The_shipped_costs_are_the_fitted_ones()
    {
        Assert.That(CostFit.Fitted, Has.Count.LessThanOrEqualTo(6));
        Assert.That(
            CostFit.Fitted.Select(operation => result.Costs[operation].Cycles),
            Is.EqualTo(CostFit.Fitted.Select(operation => CoreParameters.Shipped[operation].Cycles)));
    }

    [Test]
    public void Only_the_fitted_costs_say_that_they_are_fitted() => Assert.That(
        CoreParameters.Shipped.Rows.Where(row => row.Source.StartsWith("fitted", StringComparison.Ordinal))
            .Select(row => row.Operation),
        Is.EquivalentTo(CostFit.Fitted));

    [Test]
    public void Eight_of_the_ten_measured_seamcalls_come_out_within_35_per_cent_and_all_within_50()
    {
        double[] residuals = [.. result.Leaves.Select(leaf => Math.Abs(leaf.Residual))];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(residuals, Has.Length.EqualTo(10));
            Assert.That(residuals.Count(residual => residual <= 0.35), Is.GreaterThanOrEqualTo(8));
            Assert.That(residuals, Has.All.LessThanOrEqualTo(0.5));
        }
    }

    [Test]
    public void Times_that_were_not_fitted_come_out_within_a_factor_of_two_of_the_nearer_end()
    {
        using (Assert.EnterMultipleScope())
            foreach (Validation check in result.Validations)
                Assert.That(check.IsWithinTwo, $"{check.Name}: {check.Microseconds} us");
    }

    [Test]
    public void Instructions_of_all_leaves_come_out_within_a_factor_of_two_of_the_published_counts()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Counts, Has.Count.EqualTo(20));
            Assert.That(
                result.Counts.Where(leaf => leaf.Ratio is not (>= 0.5 and <= 2)).Select(leaf => leaf.Leaf.Name),
                Is.Empty);
        }
    }

    [Test]
    public void A_leaf_alone_with_a_cost_is_not_said_to_be_predicted_by_the_others() => Assert.That(
        result.Leaves.Where(leaf => !leaf.IsDetermined).Select(leaf => leaf.Leaf.Name),
        Is.EqualTo(new[] { "TDH.MNG.KEY.CONFIG", "TDH.MNG.INIT" }));

    [Test]
    public void The_report_names_every_leaf_and_its_model()
    {
        string text = CalibrationText.Of(result, CoreParameters.Shipped);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(text, Does.Contain("interval, golden-cove-2026.1"));
            foreach (MeasuredLeaf leaf in MeasuredLeaf.All)
                Assert.That(text, Does.Contain(leaf.Name));
        }
    }

    [TestCase(24.0, 11, 16, "2.18 times the lower end, 1.50 times the upper; nearest end 1.50, within a factor of 2 of that end and NOT of the other")]
    [TestCase(5.6, 4.5, 5, "1.24 times the lower end, 1.12 times the upper; nearest end 1.12, within a factor of 2 of both ends")]
    [TestCase(40.0, 11, 16, "3.64 times the lower end, 2.50 times the upper; nearest end 2.50, NOT within a factor of 2 of either end")]
    [TestCase(7.0, 11, 16, "0.64 times the lower end, 0.44 times the upper; nearest end 0.64, within a factor of 2 of that end and NOT of the other")]
    [TestCase(12.0, 11, 16, "1.09 times the lower end, 0.75 times the upper; inside the range")]
    [TestCase(13.8, 7, 7, "measured 7 us: 1.97 times that, within a factor of 2")]
    [TestCase(14.1, 7, 7, "2.01 times that, NOT within a factor of 2")]
    public void A_figure_that_was_not_fitted_is_held_against_both_ends_of_the_measurement(
        double model, double low, double high, string said) =>
        Assert.That(CalibrationText.Of(new Validation("a page", model, low, high)), Does.EndWith(said));

    [Test]
    public void The_fit_finds_costs_that_made_the_measurements()
    {
        CoreParameters start = CoreParameters.Shipped;
        SortedDictionary<string, LeafWork> work = CalibrationRuns.Play();
        CoreParameters truth = start.With(
            [start[Operation.Pconfig] with { Cycles = 123_456 }, start[Operation.OperandCheck] with { Cycles = 5_000 }]);
        (LeafWork, ulong)[] made =
            [.. MeasuredLeaf.All.Where(leaf => leaf.Cycles != 0)
                .Select(leaf => (work[leaf.Name], (ulong)work[leaf.Name].Cycles(truth)))];
        CoreParameters found = CostFit.Fit(start, made);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((double)found[Operation.Pconfig].Cycles, Is.EqualTo(123_456).Within(5).Percent);
            Assert.That((double)found[Operation.OperandCheck].Cycles, Is.EqualTo(5_000).Within(5).Percent);
        }
    }
}

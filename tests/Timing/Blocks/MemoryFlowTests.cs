using Seamsim.Timing.Blocks;

namespace Seamsim.Tests.BlockCosts;

/// <summary>Which load reads which store, and what it costs when the store has only some of the bytes.</summary>
[TestFixture]
internal sealed class MemoryFlowTests
{
    private static readonly PipelineParameters Skl = PipelineParameters.Find("skl")!;

    // hex | forwarding bound | dependency bound
    [TestCase("488907488b1f", "0.00", "0.00", TestName = "A load of all a store wrote is forwarded")]
    [TestCase("4889078b5f04", "0.00", "0.00", TestName = "So is one of its upper half")]
    [TestCase("8807488b1f", "13.00", "0.00", TestName = "A load of more than the store wrote waits for the cache")]
    [TestCase("890789 5f04488b0f", "14.00", "0.00", TestName = "Two stores do not make one load")]
    [TestCase("8807884701488b1f", "14.00", "0.00",
        TestName = "Each store before the one that is waited for costs a cycle more")]
    [TestCase("8807488b1f885710488b4f10", "26.00", "0.00", TestName = "A store behind a wait is waited for anew")]
    [TestCase("8807885710488b1f488b4f10", "13.00", "0.00", TestName = "Two loads wait for two earlier stores together")]
    [TestCase("8807f3410f6f1f", "0.00", "0.00", TestName = "A load from another register does not wait")]
    [TestCase("880766 0f6f0f", "15.00", "0.00", TestName = "A vector load is two cycles longer")]
    [TestCase("8807488b5f08", "0.00", "0.00", TestName = "A load beside the store does not wait")]
    [TestCase("488b1f8807", "13.00", "0.00", TestName = "The store of the iteration before counts too")]
    [TestCase("488b1f88074883c710", "0.00", "1.00", TestName = "Unless the address has moved on")]
    [TestCase("488b1f488903", "0.00", "0.00", TestName = "Another register is another place")]
    [TestCase("488b0748ffc0488903", "0.00", "0.00", TestName = "And nothing goes through it")]
    [TestCase("488d5f0848ff07 48ff4bf8", "0.00", "10.00",
        TestName = "An address computed from another is the same place")]
    public void Stores_are_matched_by_what_is_known_of_addresses(string hex, string forwarding, string dependencies)
    {
        BlockReport report = BoundTests.Report(hex, Skl);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Bound(report, Bottleneck.Forwarding), Is.EqualTo(forwarding));
            Assert.That(Bound(report, Bottleneck.Dependencies), Is.EqualTo(dependencies));
        }
    }

    // Registers hold the same address: [rsi] and [rdi] are one place, and so is what a load of the page points to.
    [TestCase("488b064883c001488907", "0.00", "5.00")]
    [TestCase("488b16488b0a48ffc1488907", "0.00", "0.00")]
    [TestCase("488b1648ff4208 48ff4708", "0.00", "10.00")]
    [TestCase("48ff442410 48ff8710080000", "0.00", "10.00")]
    [TestCase("48ff4610 4883c608 48ff4710", "0.00", "5.00")]
    public void The_measured_state_makes_registers_alias(string hex, string forwarding, string dependencies)
    {
        BlockReport report = BoundTests.Report(hex, Skl, BlockStart.Measured);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Bound(report, Bottleneck.Forwarding), Is.EqualTo(forwarding));
            Assert.That(Bound(report, Bottleneck.Dependencies), Is.EqualTo(dependencies));
        }
    }

    private static string Bound(BlockReport report, Bottleneck part) =>
        report.Unrolled.All.Single(bound => bound.Part == part).Cycles.ToString();
}

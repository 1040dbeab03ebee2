using Seamsim.Trace;

namespace Seamsim.Tests.Trace;

/// <summary>Two traces tell the same, or there is a first thing they do not agree on.</summary>
internal sealed class DifferenceTests
{
    [Test]
    public void A_trace_does_not_differ_from_itself_or_from_one_cut_into_other_frames()
    {
        Step[] steps = [.. Enumerable.Range(0, 400).SelectMany(i => new Step[]
        {
            new Step.Execute(i % 5, 3, 0), new Step.Access((ulong)i * 8, 8, false, (ulong)i),
            new Step.Registers(1, (ulong)i), new Step.Event(EventKind.Walk, 1, 1, [5, (ulong)i]),
            new Step.Event(EventKind.Translation, 0, 0, [(ulong)(i % 3) << 12, 0x5000, 0x6000, 1, 4096]),
        })];
        Assert.That(Find(TraceSteps.Record(steps, 100), TraceSteps.Record(steps, 100_000)), Is.Null);
    }

    [Test]
    public void The_first_other_value_is_found()
    {
        TraceDifference? found = Find(SampleTrace.Create(), SampleTrace.Create(loopValue: 0x12));
        Assert.That(found, Is.Not.Null);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(found!.What, Is.EqualTo("access 0: value 0x11 here, 0x12 there"));
            Assert.That((found.InstructionA, found.InstructionB), Is.EqualTo((0UL, 0UL)));
            Assert.That(found.Record, Is.EqualTo(3), "space, translation and registers come before it");
        }
    }

    [Test]
    public void Clocks_count_unless_they_are_not_to()
    {
        byte[] a = SampleTrace.Create(), b = SampleTrace.Create(cycleStep: 5);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Find(a, b)?.What, Is.EqualTo("clock 104 here, 105 there"));
            Assert.That(Find(a, b, cycles: false), Is.Null);
        }
    }

    [Test]
    public void A_shorter_trace_differs_where_it_ends()
    {
        Step[] steps = [.. Enumerable.Range(0, 10).Select(i => new Step.Execute(i % 2, 3, 0))];
        TraceDifference? found = Find(TraceSteps.Record(steps), TraceSteps.Record(steps[..7]));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(found?.What, Is.EqualTo("the second trace ends here"));
            Assert.That(found?.Record, Is.EqualTo(7));
        }
    }

    private static TraceDifference? Find(byte[] a, byte[] b, bool cycles = true)
    {
        using TraceReader left = TraceReader.Open(new MemoryStream(a), "a.sst");
        using TraceReader right = TraceReader.Open(new MemoryStream(b), "b.sst");
        return TraceDifference.Find(left, right, cycles);
    }
}

using System.Diagnostics.Tracing;

namespace Seamsim.Tests.Trace.Recording;

[NonParallelizable]
internal sealed class SeamsimEventsTests
{
    [Test]
    public void A_listener_sees_every_leaf_world_and_heartbeat()
    {
        using Listener listener = new();
        RecordedRun run = RecordedRun.Play(null, "tds=[{ name=\"a\", guest=\"spin\", max_instructions=3000000 }]");
        ulong calls = run.Figures.Where(f => f.Key.StartsWith("leaf.", StringComparison.Ordinal)
            && f.Key.EndsWith(".calls", StringComparison.Ordinal)).Aggregate(0UL, (sum, f) => sum + f.Value);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(listener.Seen.Count(e => e.Name == "LeafEnter"), Is.EqualTo(calls));
            Assert.That(listener.Seen.Count(e => e.Name == "LeafExit"), Is.EqualTo(calls));
            Assert.That(listener.Seen, Has.Some.Matches<(string Name, string First)>(e => e is ("LeafEnter", "TDH.VP.ENTER")));
            Assert.That(listener.Seen, Has.Some.Matches<(string Name, string First)>(e => e is ("LeafExit", "TDH.VP.ENTER")));
            Assert.That(listener.Seen, Has.Some.Matches<(string Name, string First)>(e => e is ("WorldSwitch", "Td")));
            Assert.That(listener.Seen.Count(e => e.Name == "Heartbeat"), 
                Is.EqualTo(run.Figures["run.instructions"] / Seamsim.Tracing.SeamsimEvents.HeartbeatInstructions));
        }
    }

    [Test]
    public void A_listener_changes_nothing()
    {
        string without = RecordedRun.Play(null).Stats;
        using Listener listener = new();
        Assert.That(RecordedRun.Play(null).Stats, Is.EqualTo(without));
    }

    /// <summary>Name and leaf or world of every event.</summary>
    private sealed class Listener : EventListener
    {
        public List<(string Name, string First)> Seen { get; } = [];

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "Seamsim")
                EnableEvents(eventSource, EventLevel.Verbose);
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData) =>
            Seen?.Add((eventData.EventName!, eventData.Payload!.OfType<string>().FirstOrDefault() ?? ""));
    }
}

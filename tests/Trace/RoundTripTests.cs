using CsCheck;
using Seamsim.Trace;

namespace Seamsim.Tests.Trace;

/// <summary>What is recorded is what is read.</summary>
internal sealed class RoundTripTests
{
    [Test]
    public void What_was_recorded_is_read() =>
        TraceSteps.Any.Sample(
            steps =>
            {
                byte[] file = TraceSteps.Record(steps, 1_000_000);
                List<string> read = TraceSteps.Read(file, out TraceEnd end);
                return end.IsComplete && read.SequenceEqual(TraceSteps.Tell(steps));
            },
            iter: 400, print: steps => string.Join('\n', steps.Select(s => s.ToString())));

    /// <summary>With tiny frames executions are told in parts, and their events come before their last part.</summary>
    [TestCase(1)]
    [TestCase(40)]
    [TestCase(500)]
    public void What_was_recorded_is_read_whatever_the_size_of_frames(int frameWords) =>
        TraceSteps.Any.Sample(
            steps =>
            {
                List<string> read = TraceSteps.Read(TraceSteps.Record(steps, frameWords), out TraceEnd end);
                List<string> told = TraceSteps.Tell(steps);
                return end.IsComplete
                    && read.Where(IsExecution).SequenceEqual(told.Where(IsExecution))
                    && read.Where(line => !IsExecution(line)).SequenceEqual(told.Where(line => !IsExecution(line)));
            },
            iter: 200, print: steps => string.Join('\n', steps.Select(s => s.ToString())));

    private static bool IsExecution(string line) => line.Contains('#');

    [Test]
    public void The_same_steps_give_the_same_bytes()
    {
        Step[] steps = [.. Enumerable.Range(0, 3000).SelectMany(i => new Step[]
        {
            new Step.Execute(i % 5, 3, 0), new Step.Access((ulong)i * 8, 8, false, (ulong)i), new Step.Registers(1, (ulong)i),
        })];
        byte[] first = TraceSteps.Record(steps, 500);
        Assert.That(TraceSteps.Record(steps, 500), Is.EqualTo(first));
    }

    [Test]
    public void An_execution_with_very_many_accesses_is_told_in_parts_that_add_up()
    {
        const int count = 300_000;
        List<Step> steps = [new Step.Execute(0, 1, 0), new Step.Execute(2, 4, 0)];
        for (int i = 0; i < count; i++)
            steps.Add(new Step.Access(0x9000 + (ulong)i, 1, i % 2 == 1, 5));
        steps.Add(new Step.Execute(1, 9, 0));
        using TraceReader reader = TraceReader.Open(new MemoryStream(TraceSteps.Record(steps, 100_000)), "rep.sst");
        TraceCursor cursor = reader.ReadFrom();
        List<ulong> addresses = [];
        int retired = 0, parts = 0;
        while (cursor.Next())
        {
            retired += cursor.Current.Retired;
            parts += cursor.Current.IsPartial ? 1 : 0;
            foreach (MemoryAccess access in cursor.Current.Accesses)
                addresses.Add(access.Address);
        }
        using (Assert.EnterMultipleScope())
        {
            Assert.That(retired, Is.EqualTo(4 + 1 + 3));
            Assert.That(parts, Is.EqualTo(4));
            Assert.That(addresses, Is.EqualTo(Enumerable.Range(0, count).Select(i => 0x9000 + (ulong)i)));
        }
    }

    [Test]
    public void Header_and_index_say_what_is_in_the_file()
    {
        List<Step> steps = [];
        for (int i = 0; i < 1000; i++)
            steps.AddRange([new Step.SwitchLp(i / 250), new Step.Execute(1, 5, 0)]);
        using TraceReader reader = TraceReader.Open(new MemoryStream(TraceSteps.Record(steps, 100)), "x.sst");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(reader.Header, Is.EqualTo(TraceSteps.Header));
            Assert.That(reader.Instructions, Is.EqualTo(3000));
            Assert.That(reader.Records, Is.EqualTo(2000));
            Assert.That(reader.Frames, Has.Count.GreaterThan(10));
            Assert.That(reader.Frames[0].MayHold(0), Is.True);
            Assert.That(reader.Frames[0].MayHold(3), Is.False);
            Assert.That(reader.Frames[^1].MayHold(3), Is.True);
            Assert.That(reader.Frames[^1].Worlds, Is.EqualTo(TraceWorlds.Td));
            for (ulong wanted = 0; wanted < 3000; wanted += 77)
            {
                FrameInfo frame = reader.Frames[reader.FrameOfInstruction(wanted)];
                Assert.That(wanted, Is.InRange(frame.FirstInstruction, frame.FirstInstruction + frame.Instructions));
            }
        }
    }

    [Test]
    public void Every_frame_can_be_read_alone()
    {
        List<Step> steps = [new Step.Registers(0xFFFF, 77)];
        for (int i = 0; i < 900; i++)
            steps.AddRange([new Step.Execute(i % 3, 2, 0), new Step.Access((ulong)i << 4, 8, true, 9), new Step.Registers(2, (ulong)i)]);
        byte[] file = TraceSteps.Record(steps, 64);
        List<string> all = TraceSteps.Read(file, out _);
        using TraceReader reader = TraceReader.Open(new MemoryStream(file), "x.sst");
        List<ulong> rax = [];
        int executions = 0;
        for (int frame = reader.Frames.Count - 1; frame >= 0; frame--)
        {
            TraceCursor cursor = reader.ReadFrom(frame);
            while (cursor.Next() && cursor.Frame == frame)
            {
                if (!cursor.Current.IsExecution)
                    continue;
                executions++;
                rax.Add(cursor.RegistersOf(0)[0]);
            }
        }
        using (Assert.EnterMultipleScope())
        {
            Assert.That(executions, Is.EqualTo(all.Count));
            Assert.That(rax, Is.All.EqualTo(77));
        }
    }

    [Test]
    public void A_frame_repeats_the_translations_that_its_accesses_need()
    {
        List<Step> steps =
        [
            new Step.Event(EventKind.AddressSpace, 0, 0, [3]),
            new Step.Event(EventKind.Translation, 0, 0, [0x5000, 0x15000, 0x25000, 7, 4096]),
            new Step.Event(EventKind.Translation, 0, 0, [0x6000, 0x16000, 0x26000, 7, 4096]),
        ];
        for (int i = 0; i < 500; i++)
            steps.AddRange([new Step.Execute(0, 1, 0), new Step.Access(0x5FFE, 4, false, 1)]);
        using TraceReader reader = TraceReader.Open(new MemoryStream(TraceSteps.Record(steps, 100)), "x.sst");
        for (int frame = 0; frame < reader.Frames.Count; frame++)
        {
            TraceCursor cursor = reader.ReadFrom(frame);
            Dictionary<ulong, ulong> pages = [];
            while (cursor.Next() && cursor.Frame == frame)
            {
                if (cursor.Current is { IsExecution: false, Kind: EventKind.Translation })
                    pages[cursor.Current.Operand(0)] = cursor.Current.Operand(2);
            }
            Assert.That(pages, Is.EquivalentTo(new Dictionary<ulong, ulong> { [0x5000] = 0x25000, [0x6000] = 0x26000 }), $"frame {frame}");
        }
    }

    [Test]
    public void Looking_anywhere_into_a_long_trace_reads_a_frame_or_two()
    {
        Random random = new(9);
        List<Step> steps = [];
        for (int i = 0; i < 60_000; i++)
            steps.AddRange([new Step.Execute(i % 2, 2, 0), new Step.Access((ulong)random.NextInt64() >> 8, 8, false, (ulong)random.NextInt64())]);
        byte[] file = TraceSteps.Record(steps, 1000);
        using CountingStream counting = new(file);
        using TraceReader reader = TraceReader.Open(counting, "long.sst");
        long opening = counting.Taken;
        for (ulong at = 1000; at < reader.Instructions; at += 40_000)
        {
            counting.Taken = 0;
            int rows = new TraceListing(reader).Rows(new ListingFilter { From = at - 20, To = at + 20 }).Count();
            Assert.That(rows, Is.EqualTo(40));
            Assert.That(counting.Taken, Is.LessThan(file.Length / 50), $"around {at}");
        }
        Assert.That(opening, Is.LessThan(file.Length / 20));
    }

    private sealed class CountingStream(byte[] bytes) : MemoryStream(bytes)
    {
        public long Taken { get; set; }

        public override int Read(Span<byte> buffer)
        {
            int read = base.Read(buffer);
            Taken += read;
            return read;
        }
    }
}

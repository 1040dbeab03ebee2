using Seamsim.Trace;

namespace Seamsim.Tests.Trace;

/// <summary>A disk that is full ends recording with a reason and leaves a trace that can be read.</summary>
internal sealed unsafe class WriterFailureTests
{
    [Test]
    public void A_full_disk_is_a_failure_that_can_be_polled_and_a_trace_that_can_be_read()
    {
        using FullDisk disk = new(20_000);
        using TraceWriter writer = TraceWriter.Create(disk, TraceSteps.Header, 2000);
        int block = writer.DefineBlock(TraceSteps.Blocks[0]);
        ulong recorded = 0;
        Random random = new(3);
        while (writer.Failure is null)
        {
            writer.Buffer->Execute(block, recorded += 4);
            writer.Buffer->Access((ulong)random.NextInt64() >> 8, 8, true, (ulong)random.NextInt64());
        }
        // the run goes on for a while: what it records goes nowhere, and nothing waits
        for (int i = 0; i < 2_000_000; i++)
            writer.Buffer->Execute(block, recorded += 4);
        TraceTotals totals = writer.Finish();
        using TraceReader reader = TraceReader.Open(new MemoryStream(disk.ToArray()), "full.sst");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(totals.Failure?.Reason, Is.EqualTo("No space left on device"));
            Assert.That(reader.Instructions, Is.GreaterThan(0));
            Assert.That(totals.Bytes, Is.EqualTo(disk.Length));
            TraceCursor cursor = reader.ReadFrom();
            ulong read = 0;
            while (cursor.Next())
                read += (ulong)cursor.Current.Retired;
            Assert.That(read, Is.EqualTo(reader.Instructions));
        }
    }

    [Test]
    public void A_chunk_that_comes_back_to_the_pool_holds_nothing()
    {
        TraceChunk chunk = new();
        chunk.Used = 100;
        *chunk.First = 0x5EC2E7;
        Assert.That(new TraceChunkPolicy().Return(chunk), Is.True);
        Assert.That(*chunk.First, Is.Zero);
    }

    [Test]
    public void What_is_recorded_after_the_end_goes_nowhere()
    {
        using MemoryStream file = new();
        using TraceWriter writer = TraceWriter.Create(file, TraceSteps.Header);
        int block = writer.DefineBlock(TraceSteps.Blocks[0]);
        writer.Finish();
        long length = file.Length;
        for (ulong i = 0; i < 100_000; i++)
            writer.Buffer->Execute(block, i);
        writer.Finish();
        Assert.That(file.Length, Is.EqualTo(length));
    }

    private sealed class FullDisk(long capacity) : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            long room = capacity - Position;
            if (buffer.Length <= room)
            {
                base.Write(buffer);
                return;
            }
            base.Write(buffer[..(int)Math.Max(room, 0)]);
            throw new IOException("No space left on device");
        }
    }
}

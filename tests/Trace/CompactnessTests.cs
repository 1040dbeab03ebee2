using Iced.Intel;
using Seamsim.Trace;

namespace Seamsim.Tests.Trace;

/// <summary>How many bytes an instruction of integer code takes.</summary>
[NonParallelizable]
internal sealed unsafe class CompactnessTests
{
    private const int Instructions = 1_000_000, LongestBlock = 32;
    private static readonly Lazy<KernelStream> Stream = new(() => new KernelStream(Instructions));

    [TestCase(TraceAspects.None, 3.0)]
    [TestCase(TraceAspects.Memory, 3.0)]
    [TestCase(TraceAspects.Memory | TraceAspects.Values, 6.0)]
    [TestCase(TraceAspects.Memory | TraceAspects.Values | TraceAspects.Registers, 12.0)]
    public void Integer_code_takes_few_bytes_an_instruction(TraceAspects aspects, double most)
    {
        using MemoryStream file = new();
        TraceTotals totals = Record(Stream.Value, file, aspects);
        double each = (double)totals.Bytes / totals.Instructions;
        TestContext.Out.WriteLine($"{aspects}: {each:F3} bytes an instruction, {totals.Frames} frames");
        using TraceReader reader = TraceReader.Open(new MemoryStream(file.ToArray()), "kernel.sst");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(totals.Instructions, Is.EqualTo(Instructions));
            Assert.That(each, Is.LessThanOrEqualTo(most));
            Assert.That(Read(reader, aspects), Is.True, "what was read is not what was executed");
        }
    }

    /// <summary>Records blocks; with registers, blocks of one instruction, so that every change has its place.</summary>
    public static TraceTotals Record(KernelStream stream, Stream file, TraceAspects aspects)
    {
        TraceHeader header = TraceSteps.Header with { Aspects = aspects };
        using TraceWriter writer = TraceWriter.Create(file, header);
        Dictionary<(ulong, int), int> blocks = [];
        int longest = aspects.HasFlag(TraceAspects.Registers) ? 1 : LongestBlock;
        for (int at = 0; at < stream.Instructions.Count;)
        {
            int count = 0;
            while (count < longest && at + count < stream.Instructions.Count)
                if (stream.Decoded[stream.Instructions[at + count++].Rip].FlowControl != FlowControl.Next)
                    break;
            ulong rip = stream.Instructions[at].Rip;
            if (!blocks.TryGetValue((rip, count), out int block))
            {
                Instruction last = stream.Decoded[stream.Instructions[at + count - 1].Rip];
                int start = (int)(rip - KernelStream.Code), bytes = (int)(last.NextIP - rip);
                block = blocks[(rip, count)] = writer.DefineBlock(new BlockDefinition(
                    rip, rip, 0, 64, 0, TraceWorld.Host, count, stream.Program.AsMemory(start, bytes)));
            }
            writer.Buffer->Execute(block, (ulong)at);
            for (int i = at; i < at + count; i++)
                RecordDetails(stream, writer.Buffer, stream.Instructions[i], aspects);
            at += count;
        }
        return writer.Finish();
    }

    private static void RecordDetails(
        KernelStream stream, TraceBuffer* to, KernelStream.Retired instruction, TraceAspects aspects)
    {
        if (!aspects.HasFlag(TraceAspects.Memory))
            return;
        for (int k = 0; k < instruction.Accesses; k++)
        {
            (ulong address, int bytes, bool write, ulong value) = stream.Accesses[instruction.First + k];
            if (aspects.HasFlag(TraceAspects.Values))
                to->Access(address, bytes, write, value);
            else
                to->Access(address, bytes, write);
        }
        if (aspects.HasFlag(TraceAspects.Registers) && instruction.RegisterMask != 0)
            to->Registers(instruction.RegisterMask, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(stream.Registers)
                .Slice(instruction.FirstRegister, System.Numerics.BitOperations.PopCount(instruction.RegisterMask)));
    }

    private static bool Read(TraceReader reader, TraceAspects aspects)
    {
        KernelStream stream = Stream.Value;
        TraceCursor cursor = reader.ReadFrom();
        int at = 0, access = 0;
        while (cursor.Next())
        {
            TraceRecord record = cursor.Current;
            if (!record.IsExecution)
                continue;
            if (record.Block!.Address != stream.Instructions[at].Rip || record.Cycles != (ulong)at)
                return false;
            foreach (MemoryAccess read in record.Accesses)
            {
                (ulong address, int bytes, bool write, ulong value) = stream.Accesses[access++];
                if (read.Address != address || read.Bytes != bytes || read.IsWrite != write
                    || (aspects.HasFlag(TraceAspects.Values) && read.Value != value))
                    return false;
            }
            at += record.Retired;
        }
        return at == stream.Instructions.Count;
    }
}

using Iced.Intel;
using Seamsim.Tests.Isa.Engine;
using Seamsim.Trace;
using Seamsim.Tracing;

namespace Seamsim.Tests.Trace.Recording;

/// <summary>
/// Recorded streams of random programs against single steps of the same program on another processor: every address
/// control goes to, every data access with its value, and the registers at every block.
/// </summary>
public sealed class RecordedStreamTests
{
    private const long Instructions = 6000;

    private static readonly TraceOptions Everything = new() { Values = true, Registers = true };

    [TestCase(long.MaxValue)]
    [TestCase(7)]
    [TestCase(1)]
    public void The_stream_is_what_single_steps_find(long slice)
    {
        for (int seed = 1; seed <= 12; seed++)
        {
            using EngineRig recorded = RandomPrograms.Build(seed), stepped = RandomPrograms.Build(seed);
            byte[] file = RecordedProgram.Record(recorded, Everything, Instructions, slice);
            List<SingleStep> steps = [.. new SingleSteps(stepped).Run(Instructions)];
            using TraceReader reader = RecordedProgram.Open(file);
            Assert.That(reader.End.IsComplete, Is.True);
            Compare(reader, steps, $"seed {seed}");
            Assert.That(reader.Instructions, Is.EqualTo((ulong)steps.Count), $"seed {seed}");
        }
    }

    [Test]
    public unsafe void Recording_changes_neither_state_nor_cycles()
    {
        TraceOptions[] ways = [new() { Memory = false }, new(), new() { Values = true }, Everything];
        for (int seed = 1; seed <= 12; seed++)
        {
            using EngineRig plain = RandomPrograms.Build(seed);
            RecordedProgram.Run(plain, Instructions, 1000);
            foreach (TraceOptions options in ways)
            {
                using EngineRig recorded = RandomPrograms.Build(seed);
                RecordedProgram.Record(recorded, options, Instructions, 1000);
                Assert.That(State(recorded), Is.EqualTo(State(plain)), $"seed {seed}, {options}");
            }
        }
    }

    [Test]
    public void Two_recordings_of_one_program_are_the_same_bytes()
    {
        using EngineRig first = RandomPrograms.Build(3), second = RandomPrograms.Build(3);
        Assert.That(RecordedProgram.Record(first, Everything, Instructions, 500),
            Is.EqualTo(RecordedProgram.Record(second, Everything, Instructions, 500)));
    }

    private static void Compare(TraceReader reader, List<SingleStep> steps, string seed)
    {
        TraceCursor cursor = reader.ReadFrom();
        int step = 0;
        Queue<(ulong, int, bool, ulong)> found = [];
        ulong? expectedNext = null;
        bool cut = false;
        while (cursor.Next())
        {
            TraceRecord record = cursor.Current;
            if (!record.IsExecution)
            {
                cut |= record.Kind == EventKind.Exception;
                continue;
            }
            Assert.That(record.Block!.Address, Is.EqualTo(expectedNext ?? record.Block.Address), $"{seed}, step {step}");
            Assert.That(cut || found.Count == 0, Is.True, $"{seed}, step {step}: accesses that no step has");
            found.Clear();
            cut = record.Retired < record.Block.Instructions;
            foreach (MemoryAccess access in record.Accesses)
                found.Enqueue((access.Address, access.Bytes, access.IsWrite, access.Value));
            if (record.Retired > 0)
                Assert.That(cursor.RegistersOf(0)[..16].ToArray(), Is.EqualTo(steps[step].Registers), $"{seed}, step {step}");
            foreach (ulong next in Nexts(record))
            {
                SingleStep expected = steps[step];
                if (next != 0)
                    Assert.That(expected.NextRip, Is.EqualTo(next), $"{seed}, step {step}");
                foreach ((ulong, int, bool, ulong) access in expected.Accesses)
                {
                    while (expected.ReadsDescriptors && found.TryPeek(out (ulong Address, int, bool, ulong) other)
                        && other.Address is >= EngineRig.Gdt and < EngineRig.Gdt + 0x1000)
                        found.Dequeue();
                    Assert.That(found.TryDequeue(out (ulong, int, bool, ulong) now) ? now : default, Is.EqualTo(access), $"{seed}, step {step}");
                }
                while (expected.ReadsDescriptors && found.Count > 0)
                    found.Dequeue();
                expectedNext = next == 0 ? expected.NextRip : next;
                step++;
            }
            if (cut)
                expectedNext = null; // a handler, or the rest of a block that has changed
        }
    }

    /// <summary>For every instruction that retires: the next one in the block; 0 where the next block says.</summary>
    private static List<ulong> Nexts(TraceRecord record)
    {
        BlockDefinition block = record.Block!;
        Decoder decoder = Decoder.Create(block.Bits, block.Code.ToArray(), block.Address);
        List<ulong> nexts = [];
        for (int i = 0; i < record.Retired; i++)
        {
            ulong next = decoder.Decode().NextIP;
            nexts.Add(i + 1 < block.Instructions ? next : 0);
        }
        return nexts;
    }

    private static unsafe string State(EngineRig rig)
    {
        System.Text.StringBuilder text = new();
        for (int i = 0; i < 16; i++)
            text.Append(rig.Lp->Gpr[i].ToString("x", null)).Append(' ');
        byte[] data = new byte[0x4000];
        rig.Memory.Read(new Seamsim.Isa.Hpa(EngineRig.Data), data, false);
        return text.Append(rig.Lp->Rip).Append(' ').Append(rig.Core.Rflags).Append(' ').Append(rig.Lp->Instructions)
            .Append(' ').Append(rig.Lp->Cycles).Append(' ')
            .Append(Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(data))).ToString();
    }
}

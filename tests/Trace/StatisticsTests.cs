using Iced.Intel;
using Seamsim.Trace;

namespace Seamsim.Tests.Trace;

/// <summary>Counts agree with counting by hand, and on a real stream with counting one instruction at a time.</summary>
internal sealed class StatisticsTests
{
    [Test]
    public void The_sample_counts_as_by_hand()
    {
        using TraceReader reader = TraceReader.Open(new MemoryStream(SampleTrace.Create()), "sample.sst");
        TraceStatistics s = TraceStatistics.Of(reader);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(s.Instructions, Is.EqualTo(15));
            Assert.That(s.ByWorld, Is.EqualTo(new ulong[] { 13, 0, 2, 0 }));
            Assert.That(s.Mnemonics, Is.EquivalentTo(new[]
            {
                ("add", 3UL), ("dec", 3UL), ("jne", 3UL), ("mov", 3UL), ("call", 1UL), ("push", 1UL), ("seamcall", 1UL),
            }));
            Assert.That(s.Branches, Is.EqualTo(new[] { new BranchCount(0x1009, TraceWorld.Host, 2, 3) }));
            Assert.That((s.Reads, s.Writes), Is.EqualTo((9UL, 8UL)));
            Assert.That((s.DataPages, s.DataLines), Is.EqualTo((5, 5)));
            Assert.That((s.CodePages, s.CodeLines), Is.EqualTo((2, 2)));
            Assert.That(s.Leaves, Is.EqualTo(new[] { new LeafCount("TDH.MNG.CREATE", 1, 1, 0, 49) }));
            Assert.That(s.Events, Is.EqualTo(new[]
            {
                ("exception", 1UL), ("world", 4UL), ("vm-exit", 1UL), ("enter", 1UL), ("exit", 1UL), ("operation", 1UL),
                ("lp", 1UL), ("space", 1UL), ("translate", 1UL), ("mark", 1UL),
            }));
            Assert.That(s.Lps.Select(lp => (lp.Lp, lp.Instructions[0], lp.Instructions[2], lp.FirstCycle, lp.LastCycle)),
                Is.EqualTo(new[] { (0, 13UL, 0UL, 100UL, 162UL), (1, 0UL, 2UL, 500UL, 545UL) }));
            Assert.That(s.Blocks.Select(b => (b.Address, b.Executions, b.Instructions)), Is.EqualTo(new[]
            {
                (0x1000UL, 3UL, 12UL), (0x5000UL, 1UL, 2UL), (0x100BUL, 1UL, 1UL), (0x5010UL, 1UL, 0UL),
            }));
        }
    }

    [Test]
    public void A_real_stream_counts_as_one_instruction_at_a_time()
    {
        KernelStream stream = new(200_000);
        using MemoryStream file = new();
        CompactnessTests.Record(stream, file, TraceAspects.Memory);
        using TraceReader reader = TraceReader.Open(new MemoryStream(file.ToArray()), "kernel.sst");
        TraceStatistics s = TraceStatistics.Of(reader);

        Dictionary<Mnemonic, ulong> mnemonics = [];
        SortedDictionary<ulong, (ulong Taken, ulong Executed)> branches = [];
        HashSet<ulong> lines = [], pages = [];
        for (int i = 0; i < stream.Instructions.Count; i++)
        {
            Instruction instruction = stream.Decoded[stream.Instructions[i].Rip];
            mnemonics[instruction.Mnemonic] = mnemonics.GetValueOrDefault(instruction.Mnemonic) + 1;
            if (instruction.FlowControl != FlowControl.ConditionalBranch || i + 1 == stream.Instructions.Count)
                continue;
            (ulong taken, ulong executed) = branches.GetValueOrDefault(instruction.IP);
            branches[instruction.IP] =
                (taken + (stream.Instructions[i + 1].Rip == instruction.NextIP ? 0UL : 1), executed + 1);
        }
        foreach ((ulong address, int bytes, _, _) in stream.Accesses)
        {
            for (ulong at = address; at < address + (ulong)bytes; at++)
            {
                lines.Add(at / 64);
                pages.Add(at / 4096);
            }
        }
        using (Assert.EnterMultipleScope())
        {
            Assert.That(s.Mnemonics, Is.EquivalentTo(mnemonics.Select(m => (m.Key.ToString().ToLowerInvariant(), m.Value))));
            Assert.That(s.Branches.OrderBy(b => b.Address).Select(b => (b.Address, b.Taken, b.Executed)),
                Is.EqualTo(branches.Select(b => (b.Key, b.Value.Taken, b.Value.Executed))));
            Assert.That((s.DataPages, s.DataLines), Is.EqualTo((pages.Count, lines.Count)));
            Assert.That(s.Reads, Is.EqualTo((ulong)stream.Accesses.Count(a => !a.IsWrite)));
            Assert.That(s.Writes, Is.EqualTo((ulong)stream.Accesses.Count(a => a.IsWrite)));
        }
    }
}

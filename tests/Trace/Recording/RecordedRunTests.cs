using Seamsim.Timing;
using Seamsim.Trace;
using Seamsim.Tracing;

namespace Seamsim.Tests.Trace.Recording;

/// <summary>Whole runs: host, SEAM and TDs, with and without a recorder.</summary>
internal sealed class RecordedRunTests
{
    private static readonly string[][] Scenarios =
    [
        [],
        ["seed=7", "platform.packages=2"],
        ["tds=[{ name=\"a\", guest=\"ve\" }, { name=\"b\", guest=\"cpuid\" }, { name=\"c\", guest=\"accept\" }]"],
        ["tds=[{ name=\"a\", guest=\"spin\", max_instructions=3000000 }]"],
        ["timing=\"interval\"", "tds=[{ name=\"a\", guest=\"ve\" }, { name=\"b\", guest=\"accept\" }]"],
    ];

    private static readonly TraceOptions Everything = new() { Values = true, Registers = true };

    [TestCaseSource(nameof(Scenarios))]
    public void Stats_are_the_same_bytes_with_and_without_a_recorder(params string[] overrides)
    {
        string without = RecordedRun.Play(null, overrides).Stats;
        foreach (TraceOptions options in (TraceOptions[])[new() { Memory = false }, new(), Everything])
            Assert.That(RecordedRun.Play(options, overrides).Stats, Is.EqualTo(without), options.ToString());
    }

    [TestCaseSource(nameof(Scenarios))]
    public void A_replay_under_the_recorded_model_has_the_live_runs_cycles_in_every_world(params string[] overrides)
    {
        RecordedRun run = RecordedRun.Play(new TraceOptions(), overrides);
        using TraceReader reader = run.Open();
        ReplayReport report = TraceReplay.Run(reader, CostModels.Create(reader.Header.TimingModel)!);
        using (Assert.EnterMultipleScope())
        {
            foreach (ReplayLp lp in report.Lps)
            {
                string prefix = $"lp{lp.Index}.";
                Assert.That(lp.Cycles, Is.EqualTo(run.Figures[prefix + "cycles"]), prefix);
                foreach ((World world, string name) in (ReadOnlySpan<(World, string)>)
                    [
                        (World.Host, "host"), (World.HostModelled, "host_modelled"), (World.Transition, "transition"),
                        (World.Seam, "seam"), (World.Td, "td"), (World.Idle, "idle"), (World.Sync, "sync"),
                    ])
                    Assert.That(lp.Of(world).Cycles, Is.EqualTo(run.Figures[$"{prefix}{name}.cycles"]), prefix + name);
                Assert.That(lp.Of(World.Td).Instructions, Is.EqualTo(run.Figures[prefix + "td.instructions"]), prefix);
            }
            Assert.That(report.Instructions, Is.EqualTo(run.Figures["run.instructions"]));
            Assert.That((report.Unrecorded, report.IsRecordedModel, report.IsLiveRun), Is.EqualTo((0UL, true, true)));
        }
    }

    [Test]
    public void Two_recordings_of_one_run_are_the_same_bytes()
    {
        byte[] first = RecordedRun.Play(Everything).File, second = RecordedRun.Play(Everything).File;
        Assert.That(second, Is.EqualTo(first));
    }

    [Test]
    public void Every_leaf_begins_and_ends_with_its_registers()
    {
        RecordedRun run = RecordedRun.Play(new TraceOptions());
        List<(EventKind Kind, ulong Rax)> leaves = run.Select(
            r => !r.IsExecution && r.Kind is EventKind.LeafEnter or EventKind.LeafExit && (LeafClass)r.Code == LeafClass.Seamcall,
            r => (r.Kind, r.Operand(0)));
        ulong calls = run.Figures.Where(f => f.Key.StartsWith("leaf.tdh", StringComparison.Ordinal)
            && f.Key.EndsWith(".calls", StringComparison.Ordinal)).Aggregate(0UL, (sum, f) => sum + f.Value);
        Assert.That(leaves.Count(leaf => leaf.Kind == EventKind.LeafEnter), Is.EqualTo(calls));
        Assert.That(leaves.Count(leaf => leaf.Kind == EventKind.LeafExit), Is.EqualTo(calls));
        Assert.That(leaves.Count(leaf => leaf.Kind == EventKind.LeafEnter && (leaf.Rax & 0xFFFF) == 0),
            Is.EqualTo(run.Figures["leaf.tdh_vp_enter.calls"]));
    }

    [Test]
    public void Blocks_carry_the_world_and_the_key_they_run_in()
    {
        RecordedRun run = RecordedRun.Play(new TraceOptions());
        List<(TraceWorld World, ushort Key)> blocks = run.Select(r => r.IsExecution, r => (r.Block!.World, r.Block.KeyId));
        Assert.That(blocks.Where(b => b.World == TraceWorld.Host).Select(b => b.Key).Distinct(), Is.EqualTo(new ushort[] { 0 }));
        Assert.That(blocks.Where(b => b.World == TraceWorld.Td).Select(b => b.Key), Has.All.GreaterThan(0));
        Assert.That(blocks.Where(b => b.World == TraceWorld.Td).Select(b => b.Key).Distinct().Count(), Is.EqualTo(2),
            "two TDs, two keys");
        Assert.That(blocks, Has.None.Matches<(TraceWorld World, ushort)>(b => b.World == TraceWorld.Seam),
            "managed code has no instructions");
    }

    [Test]
    public void Worlds_and_processors_that_are_not_asked_for_leave_nothing()
    {
        RecordedRun td = RecordedRun.Play(new TraceOptions { Worlds = TraceWorlds.Td });
        Assert.That(td.Select(r => r.IsExecution, r => r.World).Distinct(), Is.EqualTo(new[] { TraceWorld.Td }));
        Assert.That((ulong)td.Select(r => r.IsExecution, r => r.Retired).Sum(),
            Is.EqualTo(td.Figures["lp0.td.instructions"] + td.Figures["lp1.td.instructions"]));
        RecordedRun one = RecordedRun.Play(new TraceOptions { Lps = [1] }, "timing=functional");
        Assert.That(one.Select(r => r.IsExecution, r => r.Lp).Distinct(), Is.EqualTo(new[] { 1 }));
        using TraceReader reader = one.Open();
        ReplayReport report = TraceReplay.Run(reader, new Functional());
        Assert.That(report.Lps[1].Cycles + report.Unrecorded, Is.EqualTo(one.Figures["lp1.cycles"]));
    }

    [Test]
    public void A_region_from_one_leaf_to_another_holds_what_lies_between()
    {
        RecordedRun run = RecordedRun.Play(new TraceOptions
        {
            From = new TracePoint.Leaf(9), To = new TracePoint.Leaf(21), // TDH.MNG.CREATE .. TDH.MNG.INIT
        });
        List<ulong> leaves = run.Select(
            r => !r.IsExecution && r.Kind == EventKind.LeafEnter, r => r.Operand(0) & 0xFFFF);
        Assert.That((leaves[0], leaves[^1]), Is.EqualTo((9UL, 21UL)));
        Assert.That(leaves.Count(leaf => leaf == 21), Is.EqualTo(1));
    }

    [Test]
    public void A_region_by_address_and_count_begins_and_ends_there()
    {
        RecordedRun all = RecordedRun.Play(new TraceOptions());
        List<(ulong Address, ulong End, ulong Before)> blocks = all.Select(
            r => r.IsExecution, r => (r.Block!.Address, r.Block.Address + (ulong)r.Block.Code.Length, r.Instruction));
        ulong start = blocks.First(block => all.Figures["run.instructions"] / 2 < block.Before).Address;
        RecordedRun from = RecordedRun.Play(new TraceOptions { From = new TracePoint.Address(start) });
        List<ulong> found = from.Select(r => r.IsExecution, r => r.Block!.Address);
        Assert.That(found, Is.EqualTo(blocks
            .SkipWhile(block => start < block.Address || start >= block.End).Select(block => block.Address).ToList()));

        RecordedRun counted = RecordedRun.Play(new TraceOptions
        {
            From = new TracePoint.Count(20_000), To = new TracePoint.Count(60_000),
        });
        Assert.That(counted.Open().Instructions, Is.EqualTo(40_000));
        Assert.That(counted.Stats, Is.EqualTo(all.Stats), "looking at a number changes nothing");
    }

    [Test]
    public void A_file_that_cannot_grow_ends_the_run_and_can_be_read()
    {
        using FullDisk disk = new(40_000);
        RecordedRun run = RecordedRun.Play(Everything, disk);
        Assert.That(run.Report.Complete, Is.False);
        using TraceReader reader = TraceReader.Open(new MemoryStream(disk.Bytes), "memory");
        TraceCursor cursor = reader.ReadFrom();
        while (cursor.Next())
            Assert.That(cursor.Current.Lp, Is.LessThan(2));
    }

    /// <summary>Takes so many bytes and no more.</summary>
    private sealed class FullDisk(int capacity) : MemoryStream
    {
        public byte[] Bytes => ToArray();

        public override void Write(byte[] buffer, int offset, int count)
        {
            if (Position + count > capacity)
                throw new IOException("no space left on device");
            base.Write(buffer, offset, count);
        }
    }
}

using Iced.Intel;

namespace Seamsim.Trace;

/// <summary>Counts records. Whole executions are counted by block, and multiplied out at the end.</summary>
internal sealed class StatisticsCounter
{
    private const int WorldCount = 4, PageBits = 12, LineBits = 6, StatusErrorBit = 63;

    private readonly BlockDecoder decoder = new();
    private readonly Dictionary<BlockDefinition, BlockTally> frameTallies = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<(ulong, TraceWorld, byte, string), BlockTally> tallies = [];
    private readonly Dictionary<Mnemonic, ulong> interrupted = [];
    private readonly Dictionary<(ulong Address, TraceWorld World), (ulong Taken, ulong Executed)> branches = [];
    private readonly HashSet<(ulong Space, ulong Number)>
        dataPages = [], dataLines = [], codePages = [], codeLines = [];
    private readonly SortedDictionary<string, LeafCount> leaves = new(StringComparer.Ordinal);
    private readonly SortedDictionary<int, LpTally> lps = [];
    private readonly LeafTracker open = new();
    private readonly ulong[] events = new ulong[64];
    private ulong reads, writes;

    public void Count(TraceRecord record, ulong space)
    {
        if (!lps.TryGetValue(record.Lp, out LpTally? lp))
            lps.Add(record.Lp, lp = new LpTally { First = record.Cycles });
        lp.Last = Math.Max(lp.Last, record.Cycles);
        if (record.IsExecution)
            Execution(record, lp, space);
        else
            Event(record, lp);
    }

    public TraceStatistics Result()
    {
        ulong[] worlds = new ulong[WorldCount];
        foreach (LpTally lp in lps.Values)
            for (int i = 0; i < WorldCount; i++)
                worlds[i] += lp.Worlds[i];
        return new TraceStatistics(
            worlds.Aggregate(0UL, (sum, count) => sum + count),
            worlds,
            Mnemonics(),
            [.. branches.Select(b => new BranchCount(b.Key.Address, b.Key.World, b.Value.Taken, b.Value.Executed))
                .OrderByDescending(b => b.Executed).ThenBy(b => b.Address).ThenBy(b => b.World)],
            reads, writes, dataPages.Count, dataLines.Count, codePages.Count, codeLines.Count,
            Blocks(),
            [.. leaves.Values.OrderByDescending(leaf => leaf.Cycles).ThenBy(leaf => leaf.Name, StringComparer.Ordinal)],
            [.. EventShape.All.Where(shape => events[(int)shape.Kind] > 0)
                .Select(shape => (shape.Name, events[(int)shape.Kind]))],
            [.. lps.Select(lp => new LpCount(lp.Key, lp.Value.Worlds, lp.Value.First, lp.Value.Last))]);
    }

    private void Execution(TraceRecord record, LpTally lp, ulong space)
    {
        BlockTally tally = TallyOf(record.Block!);
        Branch(lp, record);
        lp.Worlds[(int)record.World] += (ulong)record.Retired;
        if (!record.IsPartial)
        {
            if (record.Retired == tally.Block.Instructions.Length)
                tally.Whole++;
            else
                Interrupted(tally, record.Retired);
            lp.Before = tally;
            lp.BeforeRetired = record.Retired;
        }
        if (tally.Spaces.Add(space))
            CountRange(codePages, codeLines, space, record.Block!.Address, record.Block.Code.Length);
        foreach (MemoryAccess access in record.Accesses)
        {
            if (access.IsWrite)
                writes++;
            else
                reads++;
            CountRange(dataPages, dataLines, space, access.Address, access.Bytes);
        }
    }

    /// <summary>The same code at the same place is one block, whichever frames define it.</summary>
    private BlockTally TallyOf(BlockDefinition definition)
    {
        if (frameTallies.TryGetValue(definition, out BlockTally? tally))
            return tally;
        if (frameTallies.Count > 1 << 16)
            frameTallies.Clear();
        (ulong, TraceWorld, byte, string) key =
            (definition.Address, definition.World, definition.Bits, Convert.ToHexString(definition.Code.Span));
        if (!tallies.TryGetValue(key, out tally))
            tallies.Add(key, tally = new BlockTally { Block = decoder.Of(definition) });
        frameTallies.Add(definition, tally);
        return tally;
    }

    private void Interrupted(BlockTally tally, int retired)
    {
        tally.Cut++;
        tally.CutInstructions += (ulong)retired;
        for (int i = 0; i < retired; i++)
        {
            Mnemonic mnemonic = tally.Block.Instructions[i].Mnemonic;
            interrupted[mnemonic] = interrupted.GetValueOrDefault(mnemonic) + 1;
        }
    }

    /// <summary>Where the next block begins says whether a branch was taken.</summary>
    private void Branch(LpTally lp, TraceRecord next)
    {
        if (lp.Before is not { } before || before.Block.Instructions.Length == 0
            || lp.BeforeRetired != before.Block.Instructions.Length)
            return;
        ref readonly Instruction last = ref before.Block.Instructions[^1];
        lp.Before = null;
        if (last.FlowControl != FlowControl.ConditionalBranch)
            return;
        ulong address = next.Block!.Address;
        bool taken = address == last.NearBranchTarget;
        // anything else is the first instruction of a handler: the branch's way is not in the trace
        if (!taken && address != last.NextIP)
            return;
        (ulong Address, TraceWorld World) key = (last.IP, before.Block.Definition.World);
        (ulong was, ulong executed) = branches.GetValueOrDefault(key);
        branches[key] = (was + (taken ? 1UL : 0), executed + 1);
    }

    private void Event(TraceRecord record, LpTally lp)
    {
        if (record.Kind == EventKind.Registers
            || (record.Kind == EventKind.Translation && record.Code == EventShape.Repeated))
            return;
        events[(int)record.Kind]++;
        if (record.Kind is EventKind.Exception or EventKind.VmExit or EventKind.VmEntry)
            lp.Before = null;
        if (record.Kind == EventKind.LeafEnter)
        {
            open.Saw(record);
            string name = LeafText.NameOf((LeafClass)record.Code, record.Operand(0));
            Leaf(name, leaf => leaf with { Calls = leaf.Calls + 1 });
        }
        else if (record.Kind == EventKind.LeafExit && open.Saw(record) is { } entered)
        {
            Leaf(LeafText.NameOf((LeafClass)record.Code, entered.Rax), leaf => leaf with
            {
                Returned = leaf.Returned + 1,
                Failed = leaf.Failed + (record.Operand(0) >> StatusErrorBit),
                Cycles = leaf.Cycles + record.Cycles - entered.Cycles,
            });
        }
    }

    private void Leaf(string name, Func<LeafCount, LeafCount> change) =>
        leaves[name] = change(leaves.GetValueOrDefault(name) ?? new LeafCount(name, 0, 0, 0, 0));

    private List<(string Mnemonic, ulong Count)> Mnemonics()
    {
        Dictionary<Mnemonic, ulong> all = new(interrupted);
        foreach (BlockTally tally in tallies.Values)
            foreach (Instruction instruction in tally.Block.Instructions)
                all[instruction.Mnemonic] = all.GetValueOrDefault(instruction.Mnemonic) + tally.Whole;
        return
        [
            .. all.Where(m => m.Value > 0).Select(m => (Name: m.Key.ToString().ToLowerInvariant(), m.Value))
                .OrderByDescending(m => m.Value).ThenBy(m => m.Name, StringComparer.Ordinal),
        ];
    }

    private List<BlockCount> Blocks() =>
    [
        .. tallies.Values
            .GroupBy(tally => (tally.Block.Definition.Address, tally.Block.Definition.World))
            .Select(same => new BlockCount(
                same.Key.Address, same.Key.World,
                same.Aggregate(0UL, (sum, t) => sum + t.Whole + t.Cut),
                same.Aggregate(
                    0UL, (sum, t) => sum + t.Whole * (ulong)t.Block.Instructions.Length + t.CutInstructions)))
            .OrderByDescending(block => block.Instructions).ThenBy(block => block.Address).ThenBy(block => block.World),
    ];

    private static void CountRange(
        HashSet<(ulong, ulong)> pages, HashSet<(ulong, ulong)> lines, ulong space, ulong address, int bytes)
    {
        if (bytes == 0)
            return;
        ulong last = address + (ulong)bytes - 1;
        for (ulong line = address >> LineBits; line <= last >> LineBits; line++)
            lines.Add((space, line));
        for (ulong page = address >> PageBits; page <= last >> PageBits; page++)
            pages.Add((space, page));
    }

    private sealed class BlockTally
    {
        public required DecodedBlock Block { get; init; }

        public HashSet<ulong> Spaces { get; } = [];

        public ulong Whole { get; set; }

        public ulong Cut { get; set; }

        public ulong CutInstructions { get; set; }
    }

    private sealed class LpTally
    {
        public ulong[] Worlds { get; } = new ulong[WorldCount];

        public ulong First { get; init; }

        public ulong Last { get; set; }

        public BlockTally? Before { get; set; }

        public int BeforeRetired { get; set; }
    }
}

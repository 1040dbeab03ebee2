using System.Numerics;

namespace Seamsim.Timing.Blocks;

/// <summary>Cycles of the execution ports: µops that can go nowhere else, over the ports they have.</summary>
/// <param name="Cycles">The largest such ratio.</param>
/// <param name="Ports">The ports it is of.</param>
internal readonly record struct PortBound(Ratio Cycles, int Ports)
{
    /// <summary>The bound of some uses: over every union of their port sets.</summary>
    public static PortBound Of(IReadOnlyDictionary<int, Ratio> uses)
    {
        PortBound most = default;
        foreach (int union in Unions(uses.Keys))
        {
            Ratio total = Ratio.Zero;
            foreach ((int ports, Ratio count) in uses)
                if ((ports & ~union) == 0)
                    total += count;
            Ratio cycles = new(total.Numerator, total.Denominator * BitOperations.PopCount((uint)union));
            if (cycles > most.Cycles)
                most = new(cycles, union);
        }
        return most;
    }

    /// <summary>µops an iteration, by the ports they may go to.</summary>
    public static SortedDictionary<int, Ratio> UsesOf(BlockCode block, PipelineParameters core)
    {
        SortedDictionary<int, Ratio> uses = [];
        for (int i = 0; i < block.Instructions.Count; i++)
        {
            BlockInstruction one = block.Instructions[i];
            if (!one.FusedWithPrevious)
                foreach (PortUse use in PortsOf(block, i))
                    Add(uses, use.Ports, new(use.Count, 1));
            if (one.StackSyncs > Ratio.Zero)
                Add(uses, core.SyncPorts, one.StackSyncs);
            if (one.MergesHighByte)
                Add(uses, core.MergePorts, new(1, 1));
        }
        return uses;
    }

    /// <summary>The ports of one instruction, of a fused pair at its first.</summary>
    public static PortUse[] PortsOf(BlockCode block, int index)
    {
        BlockInstruction one = block.Instructions[index];
        return one.FusesWithNext ? MacroFusion.Ports(one, block.Instructions[index + 1])
            : one.FusedWithPrevious ? [] : one.Cost.Ports;
    }

    private static void Add(SortedDictionary<int, Ratio> uses, int ports, Ratio count) =>
        uses[ports] = uses.TryGetValue(ports, out Ratio before) ? before + count : count;

    private static List<int> Unions(IEnumerable<int> sets)
    {
        List<int> unions = [];
        HashSet<int> known = [];
        foreach (int set in sets)
        {
            int before = unions.Count;
            if (known.Add(set))
                unions.Add(set);
            for (int i = 0; i < before; i++)
                if (known.Add(unions[i] | set))
                    unions.Add(unions[i] | set);
        }
        return unions;
    }
}

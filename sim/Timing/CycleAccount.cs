using Seamsim.Isa.Ports;
using Seamsim.Isa.State;

namespace Seamsim.Timing;

/// <summary>
/// Books every cycle of every logical processor to exactly one <see cref="World"/>, and the cycles between SEAMCALL and
/// SEAMRET to the leaf. Conservation holds at any time: after <see cref="Settle"/> the sum over the worlds is the
/// clock.
/// </summary>
public sealed class CycleAccount : IWorldObserver
{
    private static readonly int WorldCount = Enum.GetValues<World>().Length;
    private readonly LpAccount[] lps;
    private readonly SortedDictionary<ulong, LeafAccount> leaves = [];
    private readonly IReadOnlyList<ForcedStatus> forced;

    /// <summary>An empty account.</summary>
    /// <param name="logicalProcessors">How many logical processors the platform has.</param>
    /// <param name="forced">Statuses to force.</param>
    /// <param name="costs">The cost model in force; one with parameters has its cycles booked to causes as well.</param>
    public CycleAccount(int logicalProcessors, IReadOnlyList<ForcedStatus> forced, ICostModel? costs = null)
    {
        Ledger = costs is Interval interval ? new CycleLedger(interval.Parameters, logicalProcessors) : null;
        lps = new LpAccount[logicalProcessors];
        for (int i = 0; i < lps.Length; i++)
            lps[i] = new LpAccount(new Booked[WorldCount]);
        this.forced = forced;
    }

    /// <summary>The same cycles by cause; null when the cost model knows no causes.</summary>
    public CycleLedger? Ledger { get; }

    /// <summary>Per-leaf accounts in the order of leaf numbers.</summary>
    public IEnumerable<LeafAccount> Leaves => leaves.Values;

    /// <summary>What one logical processor spent in one world, up to the last settlement.</summary>
    public Booked Of(int lp, World world) => lps[lp].Worlds[(int)world];

    /// <summary>What all logical processors spent in one world, up to the last settlement.</summary>
    public Booked Of(World world)
    {
        Booked sum = default;
        foreach (LpAccount lp in lps)
            sum += lp.Worlds[(int)world];
        return sum;
    }

    /// <summary>The world a logical processor is in.</summary>
    public World WorldOf(Core core) => lps[core.Index].World;

    /// <summary>The leaf a logical processor runs: RAX[15:0] with bit 63 for P-SEAMLDR; 0 when none runs.</summary>
    public ulong LeafOf(Core core) => lps[core.Index].Leaf?.Leaf ?? 0;

    /// <summary>Books everything up to now to the world the logical processor is in.</summary>
    public void Settle(Core core) => Book(core, lps[core.Index].World, 0);

    /// <summary>
    /// Books cycles that were just put on the clock to a world the processor is not in (modelled, idle, sync).
    /// </summary>
    /// <param name="core">The logical processor; its clock already shows the cycles.</param>
    /// <param name="world">Where they belong.</param>
    /// <param name="cycles">How many.</param>
    public void BookAside(Core core, World world, ulong cycles)
    {
        LpAccount lp = lps[core.Index];
        lp.Worlds[(int)world] += new Booked(cycles, 0);
        lp.SettledCycles += cycles;
        Ledger?.Aside(core.Index, world, cycles);
    }

    /// <inheritdoc/>
    public unsafe bool Intercepts(Core core, out ulong status)
    {
        status = 0;
        if (forced.Count == 0)
            return false;
        LeafAccount account = Leaf(LeafOf(core.Lp->Gpr[0]));
        foreach (ForcedStatus rule in forced)
        {
            if (rule.Leaf != account.Leaf || rule.Call != account.Calls + 1)
                continue;
            account.Calls++;
            account.Forced++;
            account.Failures += rule.Status >> 63;
            status = rule.Status;
            return true;
        }
        return false;
    }

    /// <inheritdoc/>
    public unsafe void Switched(Core core, Operation transition, uint cycles)
    {
        LpAccount lp = lps[core.Index];
        ulong rax = core.Lp->Gpr[0];
        if (transition == Operation.Seamcall)
        {
            lp.Leaf = Leaf(LeafOf(rax));
            lp.Leaf.Calls++;
        }
        Book(core, lp.World, cycles);
        if (transition == Operation.Seamcall)
            Ledger?.Called(core.Index, LeafOf(rax));
        lp.World = NextWorld(transition, lp.Leaf is not null);
        Ledger?.Switched(core, transition, cycles, lp.World);
        if (transition == Operation.Seamret && lp.Leaf is not null)
        {
            lp.Leaf.Failures += rax >> 63;
            lp.Leaf = null;
        }
    }

    private static World NextWorld(Operation transition, bool inLeaf) => transition switch
    {
        Operation.Seamcall                  => World.Seam,
        Operation.VmEntry when inLeaf       => World.Td,
        Operation.VmExit when inLeaf        => World.Seam,
        _                                   => World.Host,
    };

    private static ulong LeafOf(ulong rax) => rax & 0x8000_0000_0000_FFFF;

    private LeafAccount Leaf(ulong number)
    {
        if (!leaves.TryGetValue(number, out LeafAccount? account))
            leaves.Add(number, account = new LeafAccount(number));
        return account;
    }

    private unsafe void Book(Core core, World world, uint transitionCycles)
    {
        LpAccount lp = lps[core.Index];
        ulong cycles = core.Lp->Cycles - lp.SettledCycles;
        ulong instructions = core.Lp->Instructions - lp.SettledInstructions;
        ulong transition = Math.Min(transitionCycles, cycles);
        Booked spent = new(cycles - transition, instructions);
        lp.Worlds[(int)world] += spent;
        lp.Worlds[(int)World.Transition] += new Booked(transition, 0);
        Ledger?.Booked(core.Index, world, cycles - transition, transition);
        lp.SettledCycles += cycles;
        lp.SettledInstructions += instructions;
        if (lp.Leaf is not { } leaf)
            return;
        if (world == World.Td)
            leaf.Td += spent;
        else if (world == World.Seam)
            leaf.Seam += spent;
        leaf.Seam += new Booked(transition, 0);
    }

    private sealed class LpAccount(Booked[] worlds)
    {
        public Booked[] Worlds { get; } = worlds;

        public World World { get; set; } = World.Host;

        public LeafAccount? Leaf { get; set; }

        public ulong SettledCycles { get; set; }

        public ulong SettledInstructions { get; set; }
    }
}

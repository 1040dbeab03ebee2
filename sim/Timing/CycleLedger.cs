using Seamsim.Isa.Ports;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;
using Seamsim.Timing.Dynamic;

namespace Seamsim.Timing;

/// <summary>
/// Books the cycles that <see cref="CycleAccount"/> books to worlds and leaves also to causes, and those of a leaf to
/// its phases. What no operation was charged for is straight-line code. At any settlement the causes of a world sum to
/// the world, and the phases of a leaf to the leaf.
/// </summary>
public sealed class CycleLedger : IOperationLedger
{
    private static readonly int Worlds = Enum.GetValues<World>().Length;
    private static readonly int Causes = Enum.GetValues<Cause>().Length;
    private readonly Lp[] lps;
    private readonly SortedDictionary<ulong, LeafLedger> leaves = [], guestLeaves = [];

    internal CycleLedger(CoreParameters parameters, int logicalProcessors)
    {
        Parameters = parameters;
        lps = [.. Enumerable.Range(0, logicalProcessors).Select(_ => new Lp())];
    }

    /// <summary>The costs in force.</summary>
    public CoreParameters Parameters { get; }

    /// <summary>Per leaf, in the order of leaf numbers.</summary>
    public IEnumerable<LeafLedger> Leaves => leaves.Values;

    /// <summary>
    /// Per TDCALL leaf that the module answered or passed on, in the order of leaf numbers: from the TD's exit to its
    /// re-entry or to SEAMRET. These cycles are part of the SEAMCALL leaves' as well.
    /// </summary>
    public IEnumerable<LeafLedger> GuestLeaves => guestLeaves.Values;

    /// <summary>Where the stays of every processor are written to; null: nowhere.</summary>
    public Timeline? Timeline { get; set; }

    /// <summary>What one logical processor spent in a world on a cause, up to the last settlement.</summary>
    public ulong Of(int lp, World world, Cause cause) => lps[lp].Cycles[(int)world, (int)cause];

    /// <summary>What all logical processors spent in a world on a cause, up to the last settlement.</summary>
    public ulong Of(World world, Cause cause)
    {
        ulong sum = 0;
        foreach (Lp lp in lps)
            sum += lp.Cycles[(int)world, (int)cause];
        return sum;
    }

    /// <summary>
    /// Instructions that the operations of managed SEAM code on a logical processor stand for, SEAMRET and VM entries
    /// among them. They have not retired: <see cref="CycleAccount"/> does not count them. SEAMCALL is the host's.
    /// </summary>
    public ulong ModelledInstructions(int lp) => lps[lp].Modelled;

    /// <summary>What a logical processor's cycles in a world were bound by, up to the last settlement.</summary>
    public TopDown TopDownOf(int lp, World world)
    {
        const uint unit = 256;
        Lp one = lps[lp];
        ulong total = 0;
        foreach (Cause cause in Enum.GetValues<Cause>())
            total += one.Cycles[(int)world, (int)cause];
        (ulong blocks, ulong frontEnd, ulong managed) = one.Slots[(int)world];
        ulong issue = one.Cycles[(int)world, (int)Cause.Issue];
        ulong retiring = Math.Min(issue, (blocks / unit) + (managed / Parameters[CoreParameter.IssueWidth]));
        ulong front = Math.Min(issue - retiring, frontEnd / unit) + one.Cycles[(int)world, (int)Cause.Fetch];
        ulong speculation = one.Cycles[(int)world, (int)Cause.Branch];
        return new TopDown(retiring, speculation, front, total - retiring - speculation - front);
    }

    /// <summary>Has the sums of a processor's interval model booked at every settlement.</summary>
    internal void Watch(int index, IntervalTiming timing) => lps[index].Timing = timing;

    /// <inheritdoc/>
    public void Charged(Core core, Operation operation, int count, uint cycles)
    {
        Lp lp = lps[core.Index];
        if (operation is Operation.Seamcall or Operation.Seamret or Operation.VmEntry or Operation.VmExit)
        {
            lp.Transition += cycles;
            return;
        }
        OperationCost cost = Parameters[operation];
        ulong own = Math.Min((ulong)cost.Cycles * (uint)count, cycles);
        lp.Charged += cycles;
        LeafPhase phase = lp.Advance(operation);
        Add(lp, phase, cost.Cause, own);
        Add(lp, phase, Cause.Issue, cycles - own);
        if (cycles != own)
            lp.Slots[(int)lp.World].Managed += (ulong)cost.Instructions * (uint)count;
        if (lp.World == World.Seam)
            lp.Counted(operation, (ulong)count);
        if (!core.InManagedCode)
            return;
        lp.IsManaged = true;
        lp.Modelled += LeafLedger.InstructionsOf(cost) * (uint)count;
    }

    /// <summary>A dynamic event of instructions has put cycles on the clock.</summary>
    internal void Stalled(int index, Cause cause, uint cycles)
    {
        Lp lp = lps[index];
        lp.Charged += cycles;
        Add(lp, lp.Phase, cause, cycles);
    }

    /// <inheritdoc/>
    public void Marked(Core core, LeafPhase phase) => lps[core.Index].Begin(phase);

    /// <summary>A leaf was called.</summary>
    internal void Called(int index, ulong number)
    {
        Lp lp = lps[index];
        lp.Leaf = Find(leaves, number);
        lp.OfCall = 0;
        lp.Begin(LeafPhase.Entry);
    }

    /// <summary>Cycles were booked: those of a world, and the transition out of it.</summary>
    internal void Booked(int index, World world, ulong spent, ulong transition)
    {
        Lp lp = lps[index];
        lp.World = world;
        BookSums(lp);
        ulong unfinished = lp.Transition - Math.Min(transition, lp.Transition);
        if (lp.Charged + unfinished > spent)
            throw new InvalidOperationException(
                $"LP {index}: operations were charged {lp.Charged + unfinished} cycles, the clock shows {spent}");
        ulong straight = spent - lp.Charged - unfinished;
        Add(lp, lp.Phase, Cause.Transition, unfinished);
        Add(lp, lp.Phase, Cause.Issue, straight);
        lp.Charged = lp.Transition = 0;
    }

    /// <summary>The transition that ends a stay in a world.</summary>
    internal void Switched(Core core, Operation transition, uint cycles, World to)
    {
        Lp lp = lps[core.Index];
        Timeline?.Switched(core, lp.World, to, lp.Leaf?.Leaf ?? 0, cycles);
        lp.Cycles[(int)World.Transition, (int)Cause.Transition] += cycles;
        if (transition == Operation.VmExit)
            Exited(core, lp);
        lp.Counted(transition, 1);
        if (lp.IsManaged)
            lp.Modelled += LeafLedger.InstructionsOf(Parameters[transition]);
        lp.IsManaged = false;
        lp.AddToLeaf(lp.Phase, Cause.Transition, cycles);
        lp.World = to;
        if (transition is Operation.Seamret or Operation.VmEntry)
            lp.EndGuestCall();
        if (transition == Operation.Seamret)
            lp.EndCall();
    }

    /// <summary>Cycles were booked aside.</summary>
    internal void Aside(int index, World world, ulong cycles)
    {
        Cause cause = world switch
        {
            World.HostModelled => Cause.Modelled,
            World.Sync         => Cause.Sync,
            _                  => Cause.Idle,
        };
        lps[index].Cycles[(int)world, (int)cause] += cycles;
    }

    /// <summary>What the interval model counts by itself: branches, and the parts of blocks.</summary>
    private void BookSums(Lp lp)
    {
        if (lp.Timing is not { } timing)
            return;
        (ulong mispredicted, ulong resteered) = timing.Branches;
        ulong branch = (mispredicted - lp.Mispredicted) * Parameters[CoreParameter.Misprediction];
        ulong fetch = (resteered - lp.Resteered) * Parameters[CoreParameter.Resteer];
        (lp.Mispredicted, lp.Resteered) = (mispredicted, resteered);
        lp.Charged += branch + fetch;
        Add(lp, lp.Phase, Cause.Branch, branch);
        Add(lp, lp.Phase, Cause.Fetch, fetch);
        ref (ulong Blocks, ulong FrontEnd, ulong Managed) slots = ref lp.Slots[(int)lp.World];
        (_, ulong retiring, ulong frontEnd, _) = timing.Spent;
        slots.Blocks += retiring - lp.Retiring;
        slots.FrontEnd += frontEnd - lp.FrontEnd;
        (lp.Retiring, lp.FrontEnd) = (retiring, frontEnd);
    }

    private static LeafLedger Find(SortedDictionary<ulong, LeafLedger> leaves, ulong number)
    {
        if (!leaves.TryGetValue(number, out LeafLedger? leaf))
            leaves.Add(number, leaf = new LeafLedger(number));
        return leaf;
    }

    private unsafe void Exited(Core core, Lp lp)
    {
        lp.Begin(LeafPhase.TdExit);
        if ((ExitReason)(ushort)core.CurrentVmcs[VmcsField.ExitReason] == ExitReason.Tdcall)
            lp.BeginGuestCall(Find(guestLeaves, (ushort)core.Lp->Gpr[0]));
    }

    private static void Add(Lp lp, LeafPhase phase, Cause cause, ulong cycles)
    {
        lp.Cycles[(int)lp.World, (int)cause] += cycles;
        if (lp.World == World.Seam)
            lp.AddToLeaf(phase, cause, cycles);
        else if (lp.World == World.Td)
            lp.Leaf?.AddTd(cause, cycles);
    }

    private sealed class Lp
    {
        private bool afterWalkLevel;
        private LeafLedger? guest;
        private ulong ofGuestCall;

        public ulong[,] Cycles { get; } = new ulong[Worlds, Causes];

        /// <summary>By world: of blocks, 1/256 cycles that retire and that the front end needs; of managed code, instructions.</summary>
        public (ulong Blocks, ulong FrontEnd, ulong Managed)[] Slots { get; } = new (ulong, ulong, ulong)[Worlds];

        public IntervalTiming? Timing { get; set; }

        /// <summary>Sums of <see cref="Timing"/> that are booked.</summary>
        public ulong Mispredicted { get; set; }

        public ulong Resteered { get; set; }

        public ulong Retiring { get; set; }

        public ulong FrontEnd { get; set; }

        public World World { get; set; } = World.Host;

        public LeafLedger? Leaf { get; set; }

        public LeafPhase Phase { get; private set; }

        /// <summary>Cycles charged by operations, and by transitions that are not complete, since the last booking.</summary>
        public ulong Charged { get; set; }

        public ulong Transition { get; set; }

        public ulong OfCall { get; set; }

        /// <summary>Whether managed code has run since the last transition: the next one is its SEAMRET or VM entry.</summary>
        public bool IsManaged { get; set; }

        /// <summary>Instructions that managed code stands for.</summary>
        public ulong Modelled { get; set; }

        public void AddToLeaf(LeafPhase phase, Cause cause, ulong cycles)
        {
            if (Leaf is null)
                return;
            OfCall += cycles;
            Leaf.Add(phase, cause, cycles);
            if (guest is null)
                return;
            ofGuestCall += cycles;
            guest.Add(phase, cause, cycles);
        }

        public void Counted(Operation operation, ulong count)
        {
            Leaf?.Counted(operation, count);
            guest?.Counted(operation, count);
        }

        public void BeginGuestCall(LeafLedger leaf) => (guest, ofGuestCall) = (leaf, 0);

        public void EndGuestCall()
        {
            guest?.Ended(ofGuestCall);
            guest = null;
        }

        public void EndCall()
        {
            Leaf?.Ended(OfCall);
            Leaf = null;
        }

        public void Begin(LeafPhase phase) => (Phase, afterWalkLevel) = (phase, false);

        /// <summary>The phase an operation belongs to, which may be the first of the commit.</summary>
        public LeafPhase Advance(Operation operation)
        {
            bool level = operation is Operation.PamtWalkLevel or Operation.SeptWalkLevel;
            bool entry = afterWalkLevel && operation is (Operation.MemoryRead or Operation.LockedAccess);
            afterWalkLevel = level;
            if (level || entry)
                return LeafPhase.Walk;
            if (Phase == LeafPhase.Checks && Changes(operation))
                Phase = LeafPhase.Commit;
            return Phase;
        }

        private static bool Changes(Operation operation) => operation
            is Operation.MemoryWrite or Operation.Movdir64b or Operation.Vmwrite or Operation.Vmclear or Operation.Wrmsr
            or Operation.Xsetbv or Operation.Xrstors or Operation.Pconfig or Operation.Invept or Operation.Invvpid
            or Operation.WbnoinvdBlock or Operation.Clflushopt;
    }
}

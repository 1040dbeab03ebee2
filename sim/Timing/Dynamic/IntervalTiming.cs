using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Seamsim.Isa;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Paging;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Probes;
using Seamsim.Isa.State;

namespace Seamsim.Timing.Dynamic;

/// <summary>
/// The interval model of one logical processor: blocks at the cost of the block predictor, and on top what branch
/// mispredictions, fetches, translations and loads cost that the blocks cannot hide. In integers throughout.
/// </summary>
internal sealed unsafe class IntervalTiming : CoreTiming
{
    private const int LineBits = 6, PageBits = 12;

    private static readonly (ulong Linear, ulong Page) NoPage = (ulong.MaxValue, 0);

    private readonly Core core;
    private readonly CoreParameters p;
    private readonly BlockPricer pricer;
    private readonly CacheHierarchy caches;
    private readonly TargetPredictor targets;
    private readonly TranslationCaches translations;
    private readonly AddressSpaces spaces = new();
    private readonly MissShadow shadow;
    private readonly WalkTrace walk = new();
    private readonly EventCounts counts = new();
    private readonly List<Hpa> references = new(WalkTrace.Most);
    private readonly RecentLines recent;
    private (ulong Linear, ulong Page) lastFetched = NoPage, lastAccessed = NoPage;
    private TimingState* state;
    private ulong space, stalled, told;

    /// <summary>Attaches the model to a processor.</summary>
    public IntervalTiming(Core core, CoreParameters parameters, BlockPricer pricer, CacheHierarchy caches)
    {
        this.core = core;
        p = parameters;
        this.pricer = pricer;
        this.caches = caches;
        targets = new TargetPredictor(parameters);
        translations = new TranslationCaches(parameters);
        shadow = new MissShadow(parameters);
        recent = new RecentLines(parameters);
        state = Allocate(targets.Sets, (int)parameters[CoreParameter.ReturnStack]);
        (state->Misprediction, state->Resteer) = (p[CoreParameter.Misprediction], p[CoreParameter.Resteer]);
        core.UseTiming(this);
        core.Lp->Timing = state;
        caches.Serve(core.Index, this);
        (core.Ledger as CycleLedger)?.Watch(core.Index, this);
        ModeChanged(core);
    }

    /// <inheritdoc/>
    public override Type Probe => typeof(IntervalProbe);

    /// <summary>Sums over all blocks entered, in 1/256 cycles: cost, retiring, front end; and instructions.</summary>
    public (ulong Cost, ulong Retiring, ulong FrontEnd, ulong Instructions) Spent
    {
        get
        {
            ulong* lanes = (ulong*)&state->Spent;
            return (lanes[0], lanes[1], lanes[2], lanes[3]);
        }
    }

    /// <summary>
    /// Branches that went another way than predicted, and taken ones whose target was not known: those on the clock.
    /// </summary>
    public (ulong Mispredictions, ulong Resteers) Branches => (state->Mispredictions, state->Resteers);

    /// <summary>Events so far.</summary>
    public EventCounts Counts
    {
        get
        {
            (counts.Mispredictions, counts.Resteers) = Branches;
            return counts;
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        NativeMemory.AlignedFree(state->QueueStart);
        state = null;
    }

    /// <inheritdoc/>
    internal override void Define(Core core, Op* marker, in BlockOfCode block)
    {
        TimedBlock* timed = (TimedBlock*)marker;
        ulong last = (uint)Math.Max(0, block.Code.Length - 1);
        timed->Fn = &BlockMarkers.Run;
        timed->Linear = block.Address;
        timed->FirstLine = block.Physical.Value >> LineBits;
        timed->LastLine = (((ulong)block.Physical.PageOffset + last) >> PageBits) == 0
            ? (block.Physical.Value + last) >> LineBits
            : (block.Physical.Value | ((1UL << PageBits) - 1)) >> LineBits;
        timed->Epoch = 0;
        timed->Cost = pricer.Of(block.Code, block.Address, block.Bits, block.Instructions);
    }

    /// <inheritdoc/>
    internal override void Enter(Core core, Op* marker) => BlockMarkers.Enter(core.Lp, (TimedBlock*)marker);

    /// <inheritdoc/>
    public override void Accessed(Core core, ulong linear, bool write, ReadOnlySpan<byte> value)
    {
        for (int done = 0; done < value.Length;)
        {
            if (state->Queue - state->QueueStart >= TimingState.QueueLength / 2)
                Settle(core); // a block may add to it unasked
            ulong at = linear + (ulong)done;
            int inPage = (1 << PageBits) - ((int)at & ((1 << PageBits) - 1));
            int part = Math.Min(Math.Min(value.Length - done, (int)TimingState.LineBytes), inPage);
            ulong loaded = write ? 0
                : part == sizeof(ulong) ? BitConverter.ToUInt64(value[done..])
                : part == sizeof(uint) ? BitConverter.ToUInt32(value[done..]) : 0;
            IntervalProbe.Access(state, at, part, write, loaded);
            done += part;
        }
    }

    /// <inheritdoc/>
    public override void Branched(Core core, BranchKind kind, bool taken, ulong next, ulong target) =>
        IntervalProbe.Branched(core.Lp, kind, taken, next, target);

    /// <inheritdoc/>
    public override void Settle(Core core)
    {
        WorkOffQueues();
        TellStalls();
    }

    /// <inheritdoc/>
    public override void TellStalls()
    {
        ulong branches = (state->Mispredictions * state->Misprediction) + (state->Resteers * state->Resteer);
        ulong now = stalled + branches, news = now - told;
        if (news == 0)
            return;
        told = now;
        core.Probe?.Stalled(core, news);
    }

    /// <inheritdoc/>
    public override void ModeChanged(Core core)
    {
        if (core.Lp->Timing == null)
            return;
        WorkOffQueues();
        (TranslationContext context, ulong cr3) = core.AddressSpace;
        ulong now = spaces.Of(context, cr3);
        if (now == space)
            return;
        space = now;
        ForgetLines();
    }

    /// <inheritdoc/>
    public override void Maintained(Core core, Upkeep what, ulong operand)
    {
        WorkOffQueues();
        switch (what)
        {
            case Upkeep.TlbPage:
                translations.DropPage(space, operand);
                break;
            case Upkeep.TlbContext:
                spaces.Drop(core.AddressSpace.Context, (core.Lp->Cr4 & Cr4Bit.Pcide) != 0 ? operand : null);
                break;
            case Upkeep.TlbAll:
                spaces.Clear();
                translations.Clear();
                break;
            case Upkeep.Line:
                core.TraceWalk(operand, walk);
                if (walk.IsWhole)
                    caches.Drop(walk.Page.Value + (operand & ((1UL << PageBits) - 1)));
                break;
            case Upkeep.Caches:
                caches.Empty(core.Package);
                break;
        }
        ForgetLines();
        space = 0;
        ModeChanged(core);
    }

    /// <summary>Somebody else has touched the L1 caches, or translations have changed: the filters ask again.</summary>
    public void ForgetLines()
    {
        TimingState.ForgetLines(state, loads: true);
        recent.Clear();
        new Span<ulong>(state->Fetched, TimingState.Slots).Fill(TimingState.NoLine);
        state->Epoch++;
        lastFetched = lastAccessed = NoPage;
    }

    /// <summary>Another processor reads a line this one may have written: stores ask again.</summary>
    public void ForgetOwned()
    {
        TimingState.ForgetLines(state, loads: false);
        recent.Disown();
    }

    /// <summary>Works off the queues of a processor.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void WorkOff(LogicalProcessor* lp) => Of(lp).WorkOffQueues();

    /// <summary>The branch in <see cref="TimingState.Branch"/> has led to where the processor goes on.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void Redirect(LogicalProcessor* lp) => Of(lp).ResolveTarget();

    /// <summary>A block is fetched that does not lie in the line fetched last.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void Fetch(LogicalProcessor* lp, TimedBlock* block)
    {
        TimingState* t = (TimingState*)lp->Timing;
        for (ulong line = block->FirstLine; line <= block->LastLine; line++)
        {
            if (t->Fetched[line & (TimingState.Slots - 1)] == line)
                continue;
            t->Fetched[line & (TimingState.Slots - 1)] = line;
            t->Epoch++;
            Of(lp).FetchLine(line, block->Linear);
        }
        for (ulong line = block->FirstLine; line <= block->LastLine; line++)
            if (t->Fetched[line & (TimingState.Slots - 1)] != line)
                return; // a walk has touched the cache meanwhile
        block->Epoch = t->Epoch;
    }

    private static IntervalTiming Of(LogicalProcessor* lp) => (IntervalTiming)Core.Of(lp).Timing!;

    private static TimingState* Allocate(int targetSets, int returns)
    {
        const nuint queue = TimingState.QueueLength * TimingState.QueueBytes;
        const nuint wrong = 2 * TimingState.WrongGathered * TimingState.WrongBytes;
        nuint own = TimingState.Bytes, buffer = (nuint)targetSets * sizeof(ulong);
        nuint bytes = queue + wrong + own + buffer + ((nuint)returns * sizeof(ulong));
        byte* at = (byte*)NativeMemory.AlignedAlloc(bytes, queue);
        NativeMemory.Clear(at, bytes);
        TimingState* state = (TimingState*)(at + queue + wrong);
        state->QueueStart = state->Queue = (QueuedAccess*)at;
        state->WrongStart = state->Wrong = (ulong*)(at + queue);
        state->Targets = (ulong*)(at + queue + wrong + own);
        state->FirstReturn = state->Returns = state->Targets + targetSets;
        state->LastReturn = state->FirstReturn + returns - 1;
        state->TargetMask = (ulong)targetSets - 1;
        state->Epoch = 1;
        DirectionPredictor.Reset(state);
        return state;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void WorkOffQueues()
    {
        for (QueuedAccess* at = state->QueueStart; at < state->Queue; at++)
        {
            bool crosses = ((at->Last ^ at->Linear) & TimingState.LineMask) != 0;
            AccessLine(at->Linear, at->Before, at->IsWrite, crosses ? 0 : at->Value, at->Position);
            if (crosses)
                AccessLine(at->Last, at->Value, at->IsWrite, 0, at->Position);
        }
        state->Queue = state->QueueStart;
        if (translations.HasLost)
            ForgetLost();
        ulong wrong = (ulong)(state->Wrong - state->WrongStart) / TimingState.WrongWords;
        state->Mispredictions += wrong;
        core.Lp->Cycles += wrong * state->Misprediction;
        for (ulong* at = state->WrongStart; at < state->Wrong; at += TimingState.WrongWords)
            DirectionPredictor.Learn(state, at[0], at[1]);
        state->Wrong = state->WrongStart;
    }

    /// <summary>Lines whose translation the DTLB has lost must ask for it again.</summary>
    private void ForgetLost()
    {
        for (ulong slot = 0; slot < TimingState.Slots; slot++)
        {
            ulong* first = TimingState.LineRead(state, slot << LineBits);
            Follow(slot << LineBits, *first);
            foreach (int way in (ReadOnlySpan<int>)[0, TimingState.Second])
                if (first[way] != TimingState.NoLine && translations.Lost(space, first[way]))
                    first[way] = first[way + TimingState.Written] = TimingState.NoLine;
        }
        recent.Forget(line => translations.Lost(space, line));
        translations.ForgetLost();
    }

    /// <summary>Changes the first two lines of a slot when the filter has done so unasked.</summary>
    private void Follow(ulong slot, ulong first)
    {
        if (recent.TryExchange(slot, first, out ulong physical))
            caches.TouchFirst(core, physical);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AccessLine(ulong linear, ulong before, bool write, ulong value, uint position)
    {
        ulong line = linear & TimingState.LineMask;
        Follow(line, before);
        if (recent.TryFind(line, write, out ulong physical))
        {
            caches.TouchFirst(core, physical);
            return;
        }
        if (!TryTranslate(linear, fetch: false, out ulong page, out uint translation))
            return;
        ulong address = page | (linear & ((1UL << PageBits) - 1));
        Operation? answered = caches.Load(core, address, write, fetch: false);
        recent.Add(line, address, write);
        uint latency = translation;
        if (answered is { } level)
        {
            counts.Missed(level, fetch: false);
            latency += LatencyOf(level, page);
        }
        if (write || latency == 0)
            return; // stores retire into the store buffer
        uint exposed = shadow.Exposed(position, latency, linear, value);
        uint beyond = Math.Min(exposed, latency - translation);
        if (beyond != 0)
            Charge(p[answered!.Value].Cause, beyond);
        Charge(Cause.Translation, exposed - beyond);
    }

    private void FetchLine(ulong line, ulong linear)
    {
        uint latency = 0;
        if (TryTranslate(linear, fetch: true, out _, out uint translation))
            latency = translation;
        if (caches.Load(core, line << LineBits, write: false, fetch: true) is { } level)
        {
            counts.Missed(level, fetch: true);
            latency += LatencyOf(level, line << LineBits);
        }
        Charge(Cause.Fetch, latency);
    }

    private uint LatencyOf(Operation level, ulong address)
    {
        bool encrypted = level == Operation.DramAccess && core.Memory.Keys.KeyOf(new Hpa(address)) != KeyId.Platform;
        return p[level].Cycles + (encrypted ? p[CoreParameter.MktmeLatency] : 0);
    }

    /// <summary>Page and latency of a translation; false where there is none any more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool TryTranslate(ulong linear, bool fetch, out ulong page, out uint latency)
    {
        latency = 0;
        ref (ulong Linear, ulong Page) last = ref fetch ? ref lastFetched : ref lastAccessed;
        page = last.Page;
        if (last.Linear == linear >> PageBits)
            return true; // the most recently used one of all
        bool found = TryTranslateAnother(linear, fetch, out page, out latency);
        last = found ? (linear >> PageBits, page) : NoPage;
        return found;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool TryTranslateAnother(ulong linear, bool fetch, out ulong page, out uint latency)
    {
        latency = 0;
        if (translations.TryFirst(space, linear, fetch, out page))
            return true;
        latency = p[Operation.TlbFill].Cycles;
        if (translations.TrySecond(space, linear, fetch, out page))
        {
            counts.SecondLevelTlbHits++;
            return true;
        }
        core.TraceWalk(linear, walk);
        references.Clear();
        translations.Reduce(space, linear, walk, references);
        counts.Walks++;
        foreach (Hpa at in references)
        {
            counts.WalkReferences++;
            latency += p[Operation.PageWalkReference].Cycles;
            if (caches.Load(core, at.Value, write: false, fetch: false) is { } level)
                latency += LatencyOf(level, at.Value);
        }
        if (references.Count != 0)
            ForgetLines(); // the walk's loads went through L1D
        if (!walk.IsWhole)
            return false;
        translations.Fill(space, linear, fetch, walk);
        page = walk.Page.Value;
        return true;
    }

    private void ResolveTarget()
    {
        BranchKind kind = (BranchKind)(state->Branch >> 1 & 7);
        ulong branch = state->Branch >> IntervalProbe.BranchShift, target = state->Target;
        bool right = (state->Branch & 1) != 0;
        state->Branch = 0;
        if (kind is BranchKind.Indirect or BranchKind.IndirectCall)
        {
            right = targets.Indirect(branch, state->History, target);
            DirectionPredictor.Push(state, target >> 2 & 1);
        }
        if (kind != BranchKind.Conditional)
        {
            state->Mispredictions += right ? 0UL : 1;
            core.Lp->Cycles += right ? 0 : state->Misprediction;
        }
        ulong* recent = TargetPredictor.Recent(state, branch);
        if (*recent == branch)
            return; // its entry is the one used last of its set
        *recent = branch;
        if (targets.Knows(branch) || !right)
            return;
        state->Resteers++;
        core.Lp->Cycles += state->Resteer;
    }

    private void Charge(Cause cause, uint cycles)
    {
        if (cycles == 0)
            return;
        core.Lp->Cycles += cycles;
        stalled += cycles;
        (core.Ledger as CycleLedger)?.Stalled(core.Index, cause, cycles);
    }
}

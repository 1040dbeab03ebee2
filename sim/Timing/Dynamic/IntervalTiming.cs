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
    private const ulong OffsetMask = ulong.MaxValue >> IntervalProbe.BranchShift;
    private const int LineBits = 6, LineBytes = 1 << LineBits, PageBits = 12, QueueWords = 2;

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
        state = Allocate(targets.Sets);
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

    /// <summary>Branches so far that went another way than predicted, and taken ones whose target was not known.</summary>
    public (ulong Mispredictions, ulong Resteers) Branches => (state->Mispredictions, state->Resteers);

    /// <summary>Events so far.</summary>
    public EventCounts Counts
    {
        get
        {
            (counts.Mispredictions, counts.Resteers) = (state->Mispredictions, state->Resteers);
            return counts;
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        NativeMemory.AlignedFree(state);
        state = null;
    }

    /// <inheritdoc/>
    internal override void Define(Core core, Op* marker, in BlockOfCode block)
    {
        TimedBlock* timed = (TimedBlock*)marker;
        ulong last = (uint)Math.Max(0, block.Code.Length - 1);
        timed->Fn = &BlockMarkers.Run;
        timed->Rip = core.LongMode64 ? block.Address : block.Address - core.Lp->Cs.Base;
        timed->Linear = block.Address;
        timed->FirstLine = block.Physical.Value >> LineBits;
        timed->LastLine = (((ulong)block.Physical.PageOffset + last) >> PageBits) == 0
            ? (block.Physical.Value + last) >> LineBits
            : (block.Physical.Value | ((1UL << PageBits) - 1)) >> LineBits;
        timed->MiddleLines = Math.Max(timed->LastLine - timed->FirstLine, 1) - 1;
        timed->Cost = pricer.Of(block.Code, block.Address, block.Bits, block.Instructions);
    }

    /// <inheritdoc/>
    internal override void Enter(Core core, Op* marker) => BlockMarkers.Enter(core.Lp, (TimedBlock*)marker);

    /// <inheritdoc/>
    public override void Accessed(Core core, ulong linear, bool write, ReadOnlySpan<byte> value)
    {
        for (int done = 0; done < value.Length;)
        {
            if (state->Queue - state->QueueStart >= TimingState.QueueLength / 2) // a block may add to it unasked
                Settle(core);
            int part = 1 << System.Numerics.BitOperations.Log2((uint)Math.Min(value.Length - done, LineBytes));
            ulong at = linear + (ulong)done;
            state->Queue[0] = QueuedAccess.Of(at, part, write);
            state->Queue[1] = write || part != sizeof(ulong) ? 0 : BitConverter.ToUInt64(value[done..]);
            state->Queue += QueueWords;
            Forget(at >> LineBits);
            Forget((at + (ulong)part - 1) >> LineBits);
            done += part;
        }
    }

    /// <inheritdoc/>
    public override void Branched(Core core, BranchKind kind, bool taken, ulong next) =>
        IntervalProbe.Branched(core.Lp, kind, taken, next);

    /// <inheritdoc/>
    public override void Settle(Core core)
    {
        WorkOffQueue();
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
        WorkOffQueue();
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
        WorkOffQueue();
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
        new Span<ulong>(state->Read, TimingState.Slots).Fill(TimingState.NoLine);
        new Span<ulong>(state->Fetched, TimingState.Slots).Fill(TimingState.NoLine);
        lastFetched = lastAccessed = NoPage;
        ForgetOwned();
    }

    /// <summary>Another processor reads a line this one may have written: stores ask again.</summary>
    public void ForgetOwned() => new Span<ulong>(state->Written, TimingState.Slots).Fill(TimingState.NoLine);

    /// <summary>Works off the queue of a processor.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void WorkOff(LogicalProcessor* lp) => Of(lp).WorkOffQueue();

    /// <summary>A conditional branch was taken that is not the one used last of its set of the target buffer.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void Redirect(LogicalProcessor* lp, ulong branch, bool right) => Of(lp).Resolved(right, branch);

    /// <summary>A branch that is not conditional has led to <paramref name="target"/>.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void ResolveOther(LogicalProcessor* lp, ulong target) => Of(lp).ResolveTarget(target);

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
            Of(lp).FetchLine(line, block->Linear);
        }
    }

    private static IntervalTiming Of(LogicalProcessor* lp) => (IntervalTiming)Core.Of(lp).Timing!;

    private static TimingState* Allocate(int targetSets)
    {
        const int entries = 1 << DirectionPredictor.IndexBits;
        nuint counters = DirectionPredictor.Tables * entries * sizeof(uint);
        nuint buffer = (nuint)targetSets * sizeof(ulong), queue = TimingState.QueueLength * sizeof(ulong);
        nuint own = ((nuint)sizeof(TimingState) + 63) / 64 * 64;
        nuint bytes = own + counters + buffer + queue;
        byte* at = (byte*)NativeMemory.AlignedAlloc(bytes, 64);
        NativeMemory.Clear(at, bytes);
        TimingState* state = (TimingState*)at;
        state->Counters = (uint*)(at + own);
        state->Targets = (ulong*)(at + own + counters);
        state->QueueStart = state->Queue = (ulong*)(at + own + counters + buffer);
        state->TargetMask = (ulong)targetSets - 1;
        new Span<uint>(state->Counters, entries).Fill(DirectionPredictor.Initial);
        return state;
    }

    private void Forget(ulong line)
    {
        state->Read[line & (TimingState.Slots - 1)] = TimingState.NoLine;
        state->Written[line & (TimingState.Slots - 1)] = TimingState.NoLine;
    }

    private void WorkOffQueue()
    {
        ulong* end = state->Queue;
        for (ulong* at = state->QueueStart; at < end; at += QueueWords)
            Access(QueuedAccess.AddressOf(at[0]), QueuedAccess.BytesOf(at[0]), QueuedAccess.IsWrite(at[0]), at[1]);
        state->Queue = state->QueueStart;
    }

    private void Access(ulong linear, int bytes, bool write, ulong value)
    {
        AccessLine(linear, write, value);
        ulong last = linear + (ulong)bytes - 1;
        if (last >> LineBits != linear >> LineBits)
            AccessLine(last, write, 0);
    }

    private void AccessLine(ulong linear, bool write, ulong value)
    {
        if (!TryTranslate(linear, fetch: false, out ulong page, out uint translation))
            return;
        Operation? answered = caches.Load(core, page | (linear & ((1UL << PageBits) - 1)), write, fetch: false);
        uint latency = translation;
        if (answered is { } level)
        {
            counts.Missed(level, fetch: false);
            latency += LatencyOf(level, page);
        }
        if (write || latency == 0)
            return; // stores retire into the store buffer
        uint exposed = shadow.Exposed(Spent.Instructions, latency, linear, value);
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

    private void ResolveTarget(ulong target)
    {
        BranchKind kind = (BranchKind)(state->Branch >> 1 & 7);
        ulong branch = state->Branch >> IntervalProbe.BranchShift;
        state->Branch = 0;
        bool right = kind switch
        {
            BranchKind.Return => targets.Return(target & OffsetMask),
            BranchKind.Indirect or BranchKind.IndirectCall => targets.Indirect(branch, state->History, target),
            _ => true,
        };
        if (kind is BranchKind.Call or BranchKind.IndirectCall)
            targets.Call(branch);
        state->History = (state->History << 1) ^ (target >> 2 & 1);
        if (!right)
        {
            state->Mispredictions++;
            core.Lp->Cycles += state->Misprediction;
        }
        Resolved(right, branch);
    }

    /// <summary>A taken branch: a target that is not known costs something when the rest was right.</summary>
    private void Resolved(bool right, ulong branch)
    {
        state->Targets[branch & state->TargetMask] = branch;
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

using System.Runtime.InteropServices;
using Seamsim.Isa;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Paging;
using Seamsim.Isa.Probes;
using Seamsim.Isa.State;
using Seamsim.Trace;

namespace Seamsim.Tracing;

/// <summary>
/// Records what logical processors do into a trace. Handlers append to the writer's buffer by themselves; while a
/// processor is not to be recorded (another world, outside of the region), they append to a scratch buffer instead.
/// </summary>
internal sealed unsafe partial class TraceRecorder : Observer, IDisposable
{
    private const int ScratchWords = 2 * ProbeCursor.BlockWords;

    private readonly TraceWriter writer;
    private readonly TraceBuffer* buffer;
    private readonly TraceOptions options;
    private readonly IReadOnlyList<Core> cores;
    private readonly KeyIdLayout keys;
    private readonly RecordedLp[] lps;
    private readonly ProbeCursor* scratch;
    private readonly ulong* scratchWords;
    private readonly Dictionary<(TranslationContext Context, ulong Cr3), AddressSpaceEntry> spaces = [];
    private int told = -1, running = -1;
    private TraceTotals? totals;

    /// <summary>Observes the processors from now on.</summary>
    public TraceRecorder(TraceWriter writer, TraceOptions options, IReadOnlyList<Core> cores)
    {
        (this.writer, this.options, this.cores) = (writer, options, cores);
        buffer = writer.Buffer;
        keys = cores[0].Memory.Keys;
        scratchWords = (ulong*)NativeMemory.Alloc(ScratchWords, sizeof(ulong));
        scratch = (ProbeCursor*)NativeMemory.Alloc((nuint)sizeof(ProbeCursor));
        *scratch = new ProbeCursor { Next = scratchWords, Limit = scratchWords + 1 };
        lps = [.. cores.Select(core => new RecordedLp { Chosen = IsChosen(core.Index) })];
        lastSpaces = new ((TranslationContext, ulong), AddressSpaceEntry)?[cores.Count];
        inside = options.From is null;
        foreach (Core core in cores)
            core.Observe(this);
    }

    /// <inheritdoc/>
    public override ProbeAspects Aspects =>
        (options.Memory ? ProbeAspects.Memory : ProbeAspects.None)
        | (options.Values ? ProbeAspects.Values : ProbeAspects.None)
        | (options.Registers ? ProbeAspects.Registers : ProbeAspects.None);

    /// <summary>Called once when the file cannot be written any more.</summary>
    public Action? Failed { get; set; }

    /// <summary>Ends the recording and completes the file.</summary>
    public TraceTotals Finish()
    {
        if (totals is not null)
            return totals;
        foreach (Core core in cores)
        {
            core.Timing?.TellStalls();
            RecordedLp lp = lps[core.Index];
            if (lp.On)
                Stop(core, lp);
            core.Observe(null);
        }
        return totals = writer.Finish();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Finish();
        writer.Dispose();
        NativeMemory.Free(scratch);
        NativeMemory.Free(scratchWords);
    }

    /// <inheritdoc/>
    public override void Renew(Core core)
    {
        if (core.Lp->Probe == scratch)
            scratch->Next = scratchWords;
        else
            buffer->Renew();
    }

    /// <inheritdoc/>
    public override void Attached(Core core)
    {
        core.Lp->Probe = scratch;
        RecordedLp lp = lps[core.Index];
        lp.World = WorldOf(core);
        lp.Space = SpaceOf(core);
        Reconsider(core, lp);
    }

    /// <inheritdoc/>
    public override void Selected(Core core)
    {
        running = core.Index;
        Reconsider(core, lps[core.Index]);
        Registers(core);
    }

    /// <inheritdoc/>
    public override void Paused(Core core)
    {
        if (writer.Failure is not null && Failed is { } failed)
        {
            Failed = null;
            failed();
        }
        LookAtCount();
        if (told != core.Index && lps[core.Index].On)
            Tell(core);
    }

    /// <inheritdoc/>
    public override int Define(Core core, in BlockOfCode block)
    {
        Hpa physical = block.Physical;
        KeyId key = keys.KeyOf(physical);
        return writer.DefineBlock(new BlockDefinition(
            block.Address, keys.LineOf(physical), key.Value, (byte)block.Bits,
            (byte)core.Cpl, WorldOf(core), block.Instructions, block.Code.ToArray())
        {
            Paid = block.Paid,
        });
    }

    /// <summary>Where a processor is.</summary>
    private static TraceWorld WorldOf(Core core) =>
        !core.InSeam ? TraceWorld.Host : core.InNonRoot ? TraceWorld.Td : TraceWorld.Seam;

    private bool IsChosen(int lp) => options.Lps.Count == 0 || options.Lps.Contains(lp);

    /// <summary>Whether the processor is recorded may have changed.</summary>
    private void Reconsider(Core core, RecordedLp lp)
    {
        bool on = inside && lp.Chosen && options.Worlds.HasFlag((TraceWorlds)(1 << (int)lp.World));
        if (on == lp.On)
            return;
        if (on)
            Start(core, lp);
        else
            Stop(core, lp);
    }

    private void Start(Core core, RecordedLp lp)
    {
        lp.On = true;
        core.Lp->Probe = (ProbeCursor*)buffer;
        Tell(core);
        TellWorld(core, lp, 0);
        TellSpace(core, lp);
        ulong gap = core.Lp->Cycles - lp.OffSince;
        if (gap != 0)
            buffer->Event(EventKind.Clock, (int)ClockCause.Other, core.Lp->Cycles, gap);
        for (int i = 0; i < 16; i++)
            core.Lp->ProbedGpr[i] = ~core.Lp->Gpr[i];
        lp.Rflags = null;
        Registers(core);
    }

    private void Stop(Core core, RecordedLp lp)
    {
        Tell(core);
        buffer->Event(EventKind.Clock, (int)ClockCause.Other, core.Lp->Cycles, 0);
        lp.OffSince = core.Lp->Cycles;
        lp.On = false;
        core.Lp->Probe = scratch;
    }

    /// <summary>What follows in the stream belongs to this processor.</summary>
    private void Tell(Core core)
    {
        if (told == core.Index)
            return;
        told = core.Index;
        buffer->SwitchLp(core.Index, core.Lp->Cycles);
    }

    /// <summary>Whether an event of this processor is to be recorded; the stream is then its own.</summary>
    private bool Takes(Core core)
    {
        if (!lps[core.Index].On)
            return false;
        Tell(core);
        return true;
    }

    /// <summary>After an event of one processor while another runs, whose handlers go on appending.</summary>
    private void Back()
    {
        if (running >= 0 && told != running && lps[running].On)
            Tell(cores[running]);
    }
}

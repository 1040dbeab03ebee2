using System.Runtime.InteropServices;
using Seamsim.Isa;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Probes;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;
using Seamsim.Trace;

namespace Seamsim.Tracing;

// One member an event; every one asks first whether the processor is recorded.
internal sealed unsafe partial class TraceRecorder
{
    private const int GeneralRegisters = 16, PageBytes = 4096;

    /// <inheritdoc/>
    public override void Prepaid(Core core, ulong word, int instructions)
    {
        if (!Takes(core))
            return;
        buffer->Begin(word);
        buffer->Unretired(instructions);
        Registers(core);
    }

    /// <inheritdoc/>
    public override void Cut(Core core, int unretired)
    {
        if (Takes(core))
            buffer->Unretired(unretired);
    }

    /// <inheritdoc/>
    public override void Registers(Core core)
    {
        if (!options.Registers || !Takes(core))
            return;
        buffer->MakeRoom(2 * (GeneralRegisters + 1));
        ProbeCursor* cursor = (ProbeCursor*)buffer;
        cursor->Next = RegisterMarker.Append(core.Lp, cursor->Next);
        ulong flags = core.Rflags;
        RecordedLp lp = lps[core.Index];
        if (lp.Rflags == flags)
            return;
        lp.Rflags = flags;
        buffer->Registers(1u << (int)RegisterId.Rflags, new ReadOnlySpan<ulong>(&flags, 1));
    }

    /// <inheritdoc/>
    public override void Access(Core core, ulong address, bool write, ReadOnlySpan<byte> value)
    {
        if (!options.Memory || value.IsEmpty || !Takes(core))
            return;
        if (!options.Values)
        {
            buffer->Access(address, value.Length, write);
            return;
        }
        Span<ulong> words = stackalloc ulong[(value.Length + 7) / 8];
        words.Clear();
        value.CopyTo(MemoryMarshal.AsBytes(words));
        buffer->Access(address, value.Length, write, words);
    }

    /// <inheritdoc/>
    public override void Walked(Core core, int level, bool ept, bool write, Hpa at)
    {
        if (!options.Memory || !Takes(core))
            return;
        WalkReference what = (WalkReference)level | (ept ? WalkReference.Ept : 0) | (write ? WalkReference.Write : 0);
        buffer->Event(EventKind.Walk, (int)what, core.Lp->Cycles, at.Value);
    }

    /// <inheritdoc/>
    public override void Operations(Core core, Operation operation, int count, ulong cycles, ulong operand)
    {
        if (operation is Operation.Seamcall or Operation.Seamret or Operation.VmEntry or Operation.VmExit)
        {
            lps[core.Index].TransitionCycles = cycles; // said with the transition
            return;
        }
        if (!Takes(core))
            return;
        if (count == 1)
            buffer->Event(EventKind.Operation, (int)operation, core.Lp->Cycles, cycles, operand);
        else
            buffer->Event(EventKind.Operation, (int)operation, core.Lp->Cycles, cycles, operand, (ulong)count);
        Back();
    }

    /// <inheritdoc/>
    public override void Delivered(Core core, byte vector, EventType type, uint? error)
    {
        if (!Takes(core))
            return;
        ulong flags = (error is null ? 0 : EventShape.HasErrorCode) | type switch
        {
            EventType.ExternalInterrupt or EventType.Nmi => EventShape.External,
            EventType.HardwareException => 0,
            _ => EventShape.Software,
        };
        ulong address = type == EventType.HardwareException && vector == (byte)Vector.PF ? core.Lp->Cr2 : 0;
        buffer->Event(EventKind.Exception, vector, core.Lp->Cycles, flags, error ?? 0, address);
    }

    /// <inheritdoc/>
    public override void Maintained(Core core, Upkeep what, ulong operand)
    {
        if (!Takes(core))
            return;
        Maintenance kind = what switch
        {
            Upkeep.TlbPage => Maintenance.Invlpg,
            Upkeep.TlbContext => Maintenance.MovCr3,
            Upkeep.Line => Maintenance.Clflush,
            Upkeep.Caches => Maintenance.Wbinvd,
            _ => Maintenance.FlushAll,
        };
        buffer->Event(EventKind.Maintenance, (int)kind, core.Lp->Cycles, operand);
        Back();
    }

    /// <inheritdoc/>
    public override void TimeUsed(Core core, bool timer, ulong value)
    {
        if (!Takes(core))
            return;
        TimeSource source = timer ? TimeSource.ApicTimer : TimeSource.Rdtsc;
        buffer->Event(EventKind.TimeRead, (int)source, core.Lp->Cycles, value);
        Back();
    }

    /// <inheritdoc/>
    public override void Charged(Core core, string? name, ulong cycles, bool sync)
    {
        if (!Takes(core))
            return;
        if (name is not null)
            buffer->Event(EventKind.Charge, writer.Name(name), core.Lp->Cycles, cycles);
        else
            buffer->Event(EventKind.Clock, (int)(sync ? ClockCause.Sync : ClockCause.Idle), core.Lp->Cycles, cycles);
        Back();
    }

    /// <inheritdoc/>
    public override void Stalled(Core core, ulong cycles)
    {
        if (!Takes(core))
            return;
        buffer->Event(EventKind.Clock, (int)ClockCause.Stall, core.Lp->Cycles, cycles);
        Back();
    }

    /// <inheritdoc/>
    public override void Translated(Core core, ulong linear, ulong guestPhysical, Hpa physical)
    {
        if (!options.Memory)
            return;
        RecordedLp lp = lps[core.Index];
        ulong page = linear & ~(PageBytes - 1UL);
        (ulong, ulong) mapping = (guestPhysical & ~(PageBytes - 1UL), physical.Page.Value);
        AddressSpaceEntry space = lp.Space;
        if (space.Pages.TryGetValue(page, out (ulong, ulong) known) && known == mapping)
            return;
        space.Pages[page] = mapping;
        if (!lp.On)
            space.Untold.Add(page);
        else if (Takes(core))
            TellPage(core, space, page);
    }

    /// <inheritdoc/>
    public override void ModeChanged(Core core)
    {
        RecordedLp lp = lps[core.Index];
        lp.Space = SpaceOf(core);
        if (lp.On && lp.ToldSpace != lp.Space.Number && Takes(core))
        {
            TellSpace(core, lp);
            Back();
        }
    }

    private AddressSpaceEntry SpaceOf(Core core)
    {
        (Isa.Paging.TranslationContext Context, ulong Cr3) key = core.AddressSpace;
        if (lastSpaces[core.Index] is { } last && last.Key == key)
            return last.Entry;
        if (!spaces.TryGetValue(key, out AddressSpaceEntry? entry))
            spaces.Add(key, entry = new AddressSpaceEntry((ulong)spaces.Count + 1, key.Cr3, key.Context.Eptp));
        lastSpaces[core.Index] = (key, entry);
        return entry;
    }

    private void TellSpace(Core core, RecordedLp lp)
    {
        AddressSpaceEntry space = lp.Space;
        lp.ToldSpace = space.Number;
        buffer->Event(EventKind.AddressSpace, 0, core.Lp->Cycles, space.Number, space.Cr3, space.Eptp);
        foreach (ulong page in space.Untold.Order())
            TellPage(core, space, page);
        space.Untold.Clear();
    }

    private void TellPage(Core core, AddressSpaceEntry space, ulong page)
    {
        (ulong guestPhysical, ulong physical) = space.Pages[page];
        Hpa address = new(physical);
        buffer->Event(EventKind.Translation, 0, core.Lp->Cycles,
            page, guestPhysical, keys.LineOf(address), keys.KeyOf(address).Value, PageBytes);
    }
}

using Seamsim.Isa.Engine;
using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.Paging;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Probes;

namespace Seamsim.Isa.State;

// Observation of one logical processor. Null costs one comparison on slow paths, and nothing in handlers.
public sealed unsafe partial class Core
{
    // Bits 5:2 of a block's key: a block is another one for another privilege or world, as its definition names them.
    private const int KeyCplShift = 2;
    private const uint KeySeam = 16, KeyNonRoot = 32;

    private ulong probedGuestPhysical;
    private int probedLevel;
    private readonly ulong[] probedTables = new ulong[6];

    /// <summary>Who observes this processor; null: nobody.</summary>
    public Observer? Probe { get; private set; }

    /// <summary>What dynamic events cost; null: nothing.</summary>
    public CoreTiming? Timing { get; private set; }

    /// <summary>Attaches an observer, or detaches it: all blocks are decoded anew. Only between two runs.</summary>
    public void Observe(Observer? observer)
    {
        Timing?.TellStalls();
        Probe = observer;
        Lp->Probe = null;
        UseProbes();
        observer?.Attached(this);
    }

    /// <summary>Attaches a model of dynamic events, or detaches it. Only between two runs.</summary>
    internal void UseTiming(CoreTiming? timing)
    {
        Timing = timing;
        Lp->Timing = null;
        UseProbes();
    }

    /// <summary>All blocks are decoded anew, for the probes that are attached.</summary>
    private void UseProbes()
    {
        ProbeAspects aspects = Probe?.Aspects ?? ProbeAspects.None;
        Type observing = (aspects & ProbeAspects.Values) == ProbeAspects.Values ? typeof(ValueProbe)
            : (aspects & ProbeAspects.Memory) != 0 ? typeof(AddressProbe) : typeof(NoProbe);
        Type probe = Timing is null ? observing
            : observing == typeof(NoProbe) ? Timing.Probe
            : typeof(BothProbes<,>).MakeGenericType(Timing.Probe, observing);
        builder = new BlockBuilder(this, HandlerTable.For(probe));
        cache.DropAll();
    }

    /// <summary>Takes the observer away while the machine does something for its own sake, e.g. inspects memory.</summary>
    public Observer? HideProbe()
    {
        Observer? hidden = Probe;
        Probe = null;
        return hidden;
    }

    /// <summary>Ends <see cref="HideProbe"/>.</summary>
    public void ShowProbe(Observer? hidden) => Probe = hidden;

    /// <summary>What cached translations are filed under: context and CR3 (0 without paging).</summary>
    internal (TranslationContext Context, ulong Cr3) AddressSpace =>
        (TranslationContext, (Lp->Cr0 & Cr0Bit.Pg) != 0 ? Lp->Cr3 : 0);

    private int PagingLevels => LongModeActive ? (Lp->Cr4 & Cr4Bit.La57) != 0 ? 5 : 4 : (Lp->Cr4 & Cr4Bit.Pae) != 0 ? 3 : 2;

    /// <summary>A guest-physical reference of a translation: to a paging structure, or the one translated.</summary>
    private void TellReference(ulong address, EptAccess access, in EptResult result)
    {
        if ((access & EptAccess.PageWalk) == 0)
        {
            probedGuestPhysical = address;
            return;
        }
        bool write = (access & EptAccess.Write) != 0;
        if (!write && probedLevel > 0)
            probedTables[probedLevel--] = address;
        int level = Math.Max(0, Array.IndexOf(probedTables, address, 1));
        if (result.Status == EptStatus.Ok)
            Probe!.Walked(this, level, ept: false, write, result.Address);
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private void TellAccess(ulong address, int bytes, bool write, ulong value) =>
        TellAccess(address, write, new ReadOnlySpan<byte>(&value, bytes));

    /// <summary>An access was made that no handler reports.</summary>
    private void TellAccess(ulong address, bool write, ReadOnlySpan<byte> value)
    {
        Timing?.Accessed(this, address, write, value);
        Probe?.Access(this, address, write, value);
    }

    private uint BlockMode(bool step)
    {
        uint mode = CodeSize | (step ? BlockKey.Step : 0) | ((uint)VectorMode << BlockKey.VectorShift)
            | (CetMode << BlockKey.CetShift);
        if (Probe is not null)
            mode |= ((uint)Cpl << KeyCplShift) | (InSeam ? KeySeam : 0) | (InNonRoot ? KeyNonRoot : 0);
        return mode;
    }

    /// <summary>A step of a block already paid for is recorded as such: its marker is set for this time.</summary>
    private void MarkStep(Op* head, bool paid)
    {
        Op* marker = head + 1;
        marker->Imm = paid ? marker->Target : marker->NextRip;
        marker->Disp = paid ? 0 : head->Imm;
    }

    /// <summary>A chain that ended for a fault or an event may have left its last block half-way.</summary>
    private void TellCut()
    {
        if (Lp->Unretired != 0)
            Probe!.Cut(this, (int)Lp->Unretired);
        if (Lp->End is ChainEnd.Fault or ChainEnd.Events)
            Probe!.Registers(this);
        Lp->Unretired = 0;
    }
}

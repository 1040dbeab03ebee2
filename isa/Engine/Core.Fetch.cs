using Seamsim.Isa.Engine;
using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.Paging;
using Seamsim.Isa.Probes;
using Seamsim.Isa.Seam;

namespace Seamsim.Isa.State;

// From RIP to a block. Fetching costs no cycles here: how often a block is looked up depends on how a run is sliced.
public sealed unsafe partial class Core
{
    /// <summary>Where instruction fetch meets managed code; shared by the platform's processors.</summary>
    public ManagedCode ManagedCode { get; internal set; } = new();

    /// <summary>The block at RIP; null leaves a fault (or VM exit) recorded.</summary>
    private Block? FindBlock(bool step)
    {
        ulong rip = Lp->Rip;
        ulong linear = LongMode64 ? rip : (uint)(Lp->Cs.Base + rip);
        bool reachable = LongMode64 ? Flow.IsCanonical(Lp, rip) : rip <= Lp->Cs.Limit;
        if (!reachable)
        {
            Raise(Vector.GP);
            return null;
        }
        if (!TryFetchPage(linear, out Hpa physical))
            return null;
        uint mode = BlockMode(step);
        var key = new BlockKey(physical.Value, rip, mode, LongMode64 ? uint.MaxValue : Lp->Cs.Limit);
        Block? block = cache.Find(key);
        if (block is { SecondPage: { } second })
        {
            // the second page may be another one by now
            if (!TryFetchPage(PageAfter(linear), out Hpa now))
                return null;
            if (now != second)
            {
                cache.Drop(block);
                block = null;
            }
        }
        if (block is null)
        {
            block = IsManaged(physical) ? builder.BuildManaged(key, cache.Arena) : builder.Build(key, physical, linear, cache);
            if (block is null)
                return null;
            cache.Add(block);
        }
        if (!step && block.SecondPage is null)
            *Flow.JumpSlot(Lp, rip) = new JumpEntry { Rip = rip, Space = Lp->CodeSpace, Head = block.Head };
        return block;
    }

    /// <summary>Translates an instruction address.</summary>
    internal bool TryFetchPage(ulong linear, out Hpa physical)
    {
        ulong cycles = Lp->Cycles;
        Observer? hidden = HideProbe();
        Ports.IOperationLedger? ledger = Ledger;
        Ledger = null;
        bool ok = TryTranslate(linear, Access.Fetch, Cpl == 3, implicitly: false, out Translation translation);
        ShowProbe(hidden);
        Ledger = ledger;
        Lp->Cycles = cycles;
        physical = translation.Address;
        return ok;
    }

    /// <summary>How far the code segment's base is from a page boundary: offsets and linear addresses page differently.</summary>
    internal ulong PageSkew => LongMode64 ? 0 : Lp->Cs.Base & 0xFFF;

    private bool IsManaged(Hpa physical) => ManagedCode.At(Memory.Keys.LineOf(physical)) is not null;

    /// <summary>The next linear page; outside IA-32e mode addresses wrap at 4 GiB.</summary>
    internal ulong PageAfter(ulong linear) => Wrap((linear | 0xFFF) + 1);
}

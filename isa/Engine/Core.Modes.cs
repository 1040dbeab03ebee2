using System.Runtime.InteropServices;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Paging;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Probes;

namespace Seamsim.Isa.State;

public sealed unsafe partial class Core
{
    private const int CetSpaceShift = 8;

    private BlockCache cache = null!;
    private BlockBuilder builder = null!;
    private readonly Dictionary<(ulong Space, ulong Base, uint Limit), ulong> segmentedSpaces = [];

    /// <summary>Blocks decoded since reset.</summary>
    public long BlocksBuilt => cache.Built;

    /// <summary>
    /// Tells the engine that CR0, CR3, CR4, XCR0, EFER, CS, CPL, RFLAGS.AC, EPTP, VPID or the SEAM state may have changed:
    /// it picks the TLB and the code space of the new mode. Does not flush anything.
    /// </summary>
    public void ModeChanged()
    {
        ArmBreakpoints();
        checksAlignment = (Lp->Rflags & RflagsBit.Ac) != 0 && (Lp->Cr0 & Cr0Bit.Am) != 0 && Cpl == 3;
        TlbBank bank = Tlbs.Select(CurrentTlbKey());
        Lp->Tlb = bank.Entries;
        Lp->CanonicalShift = !LongModeActive ? 31 : (Lp->Cr4 & Cr4Bit.La57) != 0 ? 7 : 16;
        // Offsets are linear addresses, and never beyond the limit, only in a flat segment.
        bool flat = LongMode64 || (Lp->Cs.Base == 0 && Lp->Cs.Limit == uint.MaxValue);
        Lp->CodeSpace = (flat ? bank.Space : SegmentedSpace(bank.Space)) | CodeSize | (CetMode << CetSpaceShift);
        VectorModeChanged();
        Probe?.ModeChanged(this);
    }

    /// <summary>The code space of the current code segment's base and limit.</summary>
    private ulong SegmentedSpace(ulong bankSpace)
    {
        const int most = 1024;
        var key = (bankSpace, Lp->Cs.Base, Lp->Cs.Limit);
        if (segmentedSpaces.TryGetValue(key, out ulong space))
            return space;
        if (segmentedSpaces.Count == most)
            segmentedSpaces.Clear();
        return segmentedSpaces[key] = Tlbs.NextSpace();
    }

    /// <summary>As <see cref="ModeChanged"/> where only CR0.TS, EM, CR4.OSFXSR, OSXSAVE or XCR0 may have changed.</summary>
    internal void VectorModeChanged() => Lp->CodeSpace = (Lp->CodeSpace & ~0xFCUL) | ((ulong)VectorMode << 2);

    /// <summary>Drops every cached translation of every address space on this logical processor.</summary>
    public void FlushTlb()
    {
        Probe?.Maintained(this, Upkeep.TlbAll, 0);
        Tlbs.Clear();
        ModeChanged();
    }

    /// <summary>Drops the cached translations of one linear page in every address space (INVLPG, INVVPID type 0).</summary>
    public void FlushTlbPage(Gva page)
    {
        Probe?.Maintained(this, Upkeep.TlbPage, page.Value);
        Tlbs.DropPage(page.Value);
        ModeChanged();
    }

    /// <summary>What MOV to CR3 drops. SDM vol. 3A, 4.10.4.1.</summary>
    internal void FlushTlbContext(ulong pcid, bool allPcids)
    {
        Probe?.Maintained(this, Upkeep.TlbContext, pcid);
        Tlbs.ClearContext(TranslationContext, pcid, allPcids);
        ModeChanged();
    }

    /// <summary>0: 64-bit code, 1: 32-bit, 2: 16-bit.</summary>
    internal byte CodeSize => LongMode64 ? (byte)0 : (Lp->Cs.AccessRights & SegmentBit.Big) != 0 ? (byte)1 : (byte)2;

    /// <summary>Which probe the handlers of blocks built from now on report to.</summary>
    private void UseProbe<TProbe>() where TProbe : struct, IProbe =>
        builder = new BlockBuilder(this, HandlerTable.For(typeof(TProbe)));

    internal void BindCareful(Op* op) => op->Careful = builder.Careful(op->Key);

    private void PlugInEngine()
    {
        nuint bytes = (nuint)(sizeof(JumpEntry) * Flow.JumpEntries);
        Lp->JumpCache = (JumpEntry*)NativeMemory.AlignedAlloc(bytes, 64);
        NativeMemory.Clear(Lp->JumpCache, bytes);
        cache = new BlockCache(this);
        UseProbe<NoProbe>();
        Memory.Observe(new CodeWatch(this));
        ModeChanged();
    }

    private void UnplugEngine()
    {
        cache.Dispose();
        tlbs?.Dispose();
        NativeMemory.AlignedFree(Lp->JumpCache);
    }

    /// <summary>Keeps pointers and blocks in step with memory.</summary>
    private sealed class CodeWatch(Core core) : IMemoryObserver
    {
        public void PageChanged(ulong page)
        {
            if (core.Lp is null)
                return;
            core.Tlbs.DropPhysical(page);
            core.cache.DropPage(page);
        }

        public void AllChanged()
        {
            if (core.Lp is null)
                return;
            core.FlushTlb();
            core.cache.DropAll();
        }

        public void CodeWritten(ulong page)
        {
            if (core.Lp is null)
                return;
            core.cache.DropPage(page);
            // whether blocks of the page are still cached must not matter: where a chain ends decides what it costs
            core.Lp->Leave = 1;
        }
    }
}

using System.Buffers.Binary;
using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Paging;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Probes;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.Semantics;

/// <summary>Cache and TLB control. SDM vol. 2; named after the instructions.</summary>
internal static unsafe class Caches
{
    public static Outcome Invlpg(Core core, in Instruction i)
    {
        if (core.Cpl != 0)
            return core.RaiseGp0();
        Gva address = core.EffectiveAddress(i);
        if (core.Intercepts(ExitReason.Invlpg, i, out Outcome exit, address.Value))
            return exit;
        core.ChargeOperation(Operation.Invlpg, address.Value);
        if (core.IsCanonical(address.Value))
            core.FlushTlbPage(address);
        return Outcome.Next;
    }

    public static Outcome Invpcid(Core core, in Instruction i)
    {
        if (core.GuestLacks(ProcControls2.EnableInvpcid))
            return core.Raise(Vector.UD);
        if (core.Cpl != 0)
            return core.RaiseGp0();
        if (core.Intercepts(ExitReason.Invpcid, i, out Outcome exit, i.MemoryDisplacement64))
            return exit;
        Span<byte> descriptor = stackalloc byte[16];
        if (!core.TryReadLinear(core.EffectiveAddress(i), descriptor, core.Cpl))
            return Outcome.Fault;
        ulong type = core.ReadOperand(i, 0), pcid = BinaryPrimitives.ReadUInt64LittleEndian(descriptor);
        ulong address = BinaryPrimitives.ReadUInt64LittleEndian(descriptor[8..]);
        bool needsPcide = type <= 1 && pcid != 0 && (core.Lp->Cr4 & Cr4Bit.Pcide) == 0;
        if (type > 3 || pcid > 0xFFF || needsPcide || (type == 0 && !Core.IsWidestCanonical(address)))
            return core.RaiseGp0();
        if (type == 0)
            core.FlushTlbPage(new Gva(address));
        else
            core.FlushTlb();
        return Outcome.Next;
    }

    /// <summary>CLFLUSH, CLFLUSHOPT, CLWB: the line's write-back is what page-reuse rules look at.</summary>
    public static Outcome Clflush(Core core, in Instruction i)
    {
        Gva address = core.EffectiveAddress(i);
        if (!core.IsCanonical(address.Value))
            return core.Raise(i.MemorySegment == Register.SS ? Vector.SS : Vector.GP);
        if (!core.TryTranslate(address.Value, Access.Read, core.Cpl == 3, implicitly: false, out Translation t))
            return Outcome.Fault;
        core.ChargeOperation(Operation.Clflushopt, address.Value);
        core.Tell(Upkeep.Line, address.Value);
        if ((t.Address.PageOffset & ~63) == 4096 - 64)
            core.Memory.PageWrittenBack(t.Address); // software flushes pages line by line; the last line counts
        return Outcome.Next;
    }

    /// <summary>WBINVD and WBNOINVD write back the package's caches.</summary>
    public static Outcome Wbinvd(Core core, in Instruction i)
    {
        if (core.Cpl != 0)
            return core.RaiseGp0();
        if (core.Intercepts(ExitReason.WbinvdOrWbnoinvd, i, out Outcome exit))
            return exit;
        core.Memory.Ledger.PackageWrittenBack(core.Package);
        core.ChargeOperation(Operation.Wbinvd);
        core.Tell(Upkeep.Caches, 0);
        return Outcome.Next;
    }

    /// <summary>INVD drops dirty lines on hardware; stale data is not modelled, so memory stays as it is.</summary>
    public static Outcome Invd(Core core, in Instruction i)
    {
        if (core.Cpl != 0)
            return core.RaiseGp0();
        return core.Intercepts(ExitReason.Invd, i, out Outcome exit) ? exit : Outcome.Next;
    }
}

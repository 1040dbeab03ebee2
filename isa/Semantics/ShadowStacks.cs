using System.Buffers.Binary;
using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>Shadow-stack management. SDM vol. 2; each method is named after its instruction.</summary>
internal static unsafe class ShadowStacks
{
    private const ulong PreviousToken = 2, AlignmentHole = 4;

    /// <summary>RDSSPD, RDSSPQ: a NOP while shadow stacks are off.</summary>
    public static Outcome Rdssp(Core core, in Instruction i)
    {
        if (core.ShadowStackEnabled(core.Cpl))
            core.WriteRegister(i.Op0Register, core.Lp->Ssp);
        return Outcome.Next;
    }

    /// <summary>INCSSPD, INCSSPQ: touches the first and the last slot that it drops.</summary>
    public static Outcome Incssp(Core core, in Instruction i)
    {
        if (!core.ShadowStackEnabled(core.Cpl))
            return core.Raise(Vector.UD);
        int slot = i.Op0Register.GetSize();
        ulong count = core.ReadRegister(i.Op0Register) & 0xFF;
        ulong last = core.Lp->Ssp + (Math.Max(count, 1) * (ulong)slot) - (ulong)slot;
        if (!core.TryLoadShadow(core.Lp->Ssp, slot, core.Cpl, out _) || !core.TryLoadShadow(last, slot, core.Cpl, out _))
            return Outcome.Fault;
        core.Lp->Ssp += count * (ulong)slot;
        return Outcome.Next;
    }

    public static Outcome Saveprevssp(Core core, in Instruction i)
    {
        LogicalProcessor* lp = core.Lp;
        if (!core.ShadowStackEnabled(core.Cpl))
            return core.Raise(Vector.UD);
        if ((lp->Ssp & 7) != 0)
            return core.RaiseGp0();
        if (!core.TryLoadShadow(lp->Ssp, 8, core.Cpl, out ulong token))
            return Outcome.Fault;
        ulong after = lp->Ssp + 8;
        if (LazyFlags.Carry(lp))
        {
            if (!core.TryLoadShadow(after, 4, core.Cpl, out ulong hole))
                return Outcome.Fault;
            if (hole != 0)
                return core.RaiseGp0();
            after += 4;
        }
        if ((token & PreviousToken) == 0 || (!core.LongMode64 && token >> 32 != 0))
            return core.RaiseGp0();
        ulong old = token & ~3UL;
        ulong start = (old & ~7UL) - 8;
        int bytes = (int)(old - start);
        if (!core.TryPrepareShadow(start, bytes, core.Cpl, out PreparedWrite write))
            return Outcome.Fault;
        Span<byte> raw = stackalloc byte[16];
        raw.Clear(); // a doubleword of 0 fills the hole of an unaligned stack
        BinaryPrimitives.WriteUInt64LittleEndian(raw, old | (core.LongMode64 ? 1UL : 0));
        core.Commit(write, raw[..bytes]);
        lp->Ssp = after;
        return Outcome.Next;
    }

    public static Outcome Rstorssp(Core core, in Instruction i)
    {
        LogicalProcessor* lp = core.Lp;
        if (!core.ShadowStackEnabled(core.Cpl))
            return core.Raise(Vector.UD);
        ulong at = core.EffectiveAddress(i).Value, mode = core.LongMode64 ? 1UL : 0;
        if ((at & 7) != 0)
            return core.RaiseGp0();
        if (!core.TryLoadShadow(at, 8, core.Cpl, out ulong token) || !core.TryPrepareShadow(at, 8, core.Cpl, out PreparedWrite write))
            return Outcome.Fault;
        ulong restored = token & ~1UL;
        bool good = (token & 3) == mode && (mode == 1 || token >> 32 == 0) && ((restored - 8) & ~7UL) == at;
        if (!good)
            return core.Raise(Vector.CP, CetBit.Restore);
        core.PushShadow(write, 8, lp->Ssp | mode | PreviousToken);
        LazyFlags.Update(lp, RflagsBit.Arithmetic, (token & AlignmentHole) != 0 ? RflagsBit.Cf : 0);
        return Outcome.Next;
    }

    /// <summary>WRSSD, WRSSQ: a store to the shadow stack of the own level.</summary>
    public static Outcome Wrss(Core core, in Instruction i)
    {
        bool may = core.ShadowStackEnabled(core.Cpl) && (core.CetOf(core.Cpl) & CetBit.WriteShadow) != 0;
        return may ? Store(core, i, core.Cpl) : core.Raise(Vector.UD);
    }

    /// <summary>WRUSSD, WRUSSQ: level 0 stores to a user shadow stack.</summary>
    public static Outcome Wruss(Core core, in Instruction i)
    {
        if ((core.Lp->Cr4 & Cr4Bit.Cet) == 0 || core.HasRealSegments)
            return core.Raise(Vector.UD);
        return core.Cpl > 0 ? core.RaiseGp0() : Store(core, i, cpl: 3);
    }

    public static Outcome Setssbsy(Core core, in Instruction i)
    {
        if (!IsSupervisorReady(core, out Outcome outcome))
            return outcome;
        ulong ssp = core.Lp->Pl0Ssp;
        if ((ssp & 7) != 0)
            return core.RaiseGp0();
        if (!core.TryLoadShadow(ssp, 8, 0, out ulong token) || !core.TryPrepareShadow(ssp, 8, 0, out PreparedWrite write))
            return Outcome.Fault;
        if (token != ssp)
            return core.Raise(Vector.CP, CetBit.SetBusy);
        core.SetShadowBusy(write);
        return Outcome.Next;
    }

    public static Outcome Clrssbsy(Core core, in Instruction i)
    {
        if (!IsSupervisorReady(core, out Outcome outcome))
            return outcome;
        ulong ssp = core.EffectiveAddress(i).Value;
        if ((ssp & 7) != 0)
            return core.RaiseGp0();
        if (!core.TryLoadShadow(ssp, 8, 0, out ulong token) || !core.TryPrepareShadow(ssp, 8, 0, out PreparedWrite write))
            return Outcome.Fault;
        bool busy = token == (ssp | CetBit.Busy);
        if (busy)
            core.PushShadow(write, 8, ssp);
        core.Lp->Ssp = 0;
        LazyFlags.Update(core.Lp, RflagsBit.Arithmetic, busy ? 0 : RflagsBit.Cf);
        return Outcome.Next;
    }

    public static Outcome Endbr64(Core core, in Instruction i)
    {
        core.Endbranch(wide: true);
        return Outcome.Next;
    }

    public static Outcome Endbr32(Core core, in Instruction i)
    {
        core.Endbranch(wide: false);
        return Outcome.Next;
    }

    private static Outcome Store(Core core, in Instruction i, int cpl)
    {
        int bytes = i.MemorySize.GetSize();
        ulong at = core.EffectiveAddress(i).Value;
        if ((at & (ulong)(bytes - 1)) != 0)
            return core.RaiseGp0();
        if (!core.TryPrepareShadow(at, bytes, cpl, out PreparedWrite write))
            return Outcome.Fault;
        Span<byte> raw = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(raw, core.ReadOperand(i, 1));
        core.Commit(write, raw[..bytes]);
        return Outcome.Next;
    }

    /// <summary>CR4.CET and IA32_S_CET.SH_STK_EN, else #UD; level 0, else #GP(0).</summary>
    private static bool IsSupervisorReady(Core core, out Outcome outcome)
    {
        outcome = Outcome.Fault;
        if (!core.ShadowStackEnabled(0))
            core.Raise(Vector.UD);
        else if (core.Cpl > 0)
            core.RaiseGp0();
        else
            return true;
        return false;
    }
}

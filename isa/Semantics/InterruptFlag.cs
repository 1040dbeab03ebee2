using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.Semantics;

/// <summary>CLI, STI, CLAC, STAC, HLT, PAUSE. SDM vol. 2.</summary>
internal static unsafe class InterruptFlag
{
    /// <summary>IF where IOPL allows it; with virtual interrupts (VME, PVI) VIF. SDM vol. 2, table "CLI".</summary>
    public static Outcome Cli(Core core, in Instruction i)
    {
        if (!MayChange(core, out bool isVirtual))
            return core.RaiseGp0();
        core.Lp->Rflags &= isVirtual ? ~RflagsBit.Vif : ~RflagsBit.If;
        return Outcome.Next;
    }

    /// <summary>Interrupts are recognised after the next instruction when IF was clear.</summary>
    public static Outcome Sti(Core core, in Instruction i)
    {
        bool isPending = (core.Lp->Rflags & RflagsBit.Vip) != 0;
        if (!MayChange(core, out bool isVirtual) || (isVirtual && isPending))
            return core.RaiseGp0();
        if (isVirtual)
        {
            core.Lp->Rflags |= RflagsBit.Vif;
            return Outcome.Next;
        }
        if ((core.Lp->Rflags & RflagsBit.If) == 0)
            core.BlockInterruptsForOneInstruction(1);
        core.Lp->Rflags |= RflagsBit.If;
        return Outcome.Next;
    }

    public static Outcome Clac(Core core, in Instruction i) => SetAc(core, 0);

    public static Outcome Stac(Core core, in Instruction i) => SetAc(core, RflagsBit.Ac);

    public static Outcome Hlt(Core core, in Instruction i)
    {
        if (core.Cpl != 0)
            return core.RaiseGp0();
        if (core.Intercepts(ExitReason.Hlt, i, out Outcome exit))
            return exit;
        core.Lp->Rip = i.NextIP;
        core.Lp->Activity = ActivityState.Hlt;
        return Outcome.Halted;
    }

    public static Outcome Pause(Core core, in Instruction i) =>
        core.Intercepts(ExitReason.Pause, i, out Outcome exit) ? exit : Outcome.Next;

    private static bool MayChange(Core core, out bool isVirtual)
    {
        isVirtual = false;
        if (core.InRealMode || core.Cpl <= core.Iopl)
            return true;
        ulong control = core.InVirtual8086 ? Cr4Bit.Vme : Cr4Bit.Pvi;
        return isVirtual = core.Cpl == 3 && (core.Lp->Cr4 & control) != 0;
    }

    private static Outcome SetAc(Core core, ulong value)
    {
        if (core.Cpl != 0)
            return core.Raise(Vector.UD);
        core.Lp->Rflags = (core.Lp->Rflags & ~RflagsBit.Ac) | value;
        core.ModeChanged();
        return Outcome.Next;
    }
}

using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.Semantics;

/// <summary>CLI, STI, CLAC, STAC, HLT, PAUSE. SDM vol. 2.</summary>
internal static unsafe class InterruptFlag
{
    public static Outcome Cli(Core core, in Instruction i)
    {
        if (!MayChange(core))
            return core.RaiseGp0();
        core.Lp->Rflags &= ~RflagsBit.If;
        return Outcome.Next;
    }

    /// <summary>Interrupts are recognised after the next instruction when IF was clear.</summary>
    public static Outcome Sti(Core core, in Instruction i)
    {
        if (!MayChange(core))
            return core.RaiseGp0();
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

    private static bool MayChange(Core core) =>
        (core.Lp->Cr0 & Cr0Bit.Pe) == 0 || core.Cpl <= (int)(core.Lp->Rflags >> 12 & 3);

    private static Outcome SetAc(Core core, ulong value)
    {
        if (core.Cpl != 0)
            return core.Raise(Vector.UD);
        core.Lp->Rflags = (core.Lp->Rflags & ~RflagsBit.Ac) | value;
        core.ModeChanged();
        return Outcome.Next;
    }
}

using Iced.Intel;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>RDPKRU and WRPKRU. SDM vol. 2; vol. 3A, 4.6.2.</summary>
internal static unsafe class ProtectionKeys
{
    public static Outcome Rdpkru(Core core, in Instruction i)
    {
        if (!TryStart(core, out Outcome outcome))
            return outcome;
        (core.Lp->Gpr[0], core.Lp->Gpr[2]) = (core.Lp->Pkru, 0);
        return Outcome.Next;
    }

    public static Outcome Wrpkru(Core core, in Instruction i)
    {
        if (!TryStart(core, out Outcome outcome))
            return outcome;
        if ((uint)core.Lp->Gpr[2] != 0)
            return core.RaiseGp0();
        core.Lp->Pkru = (uint)core.Lp->Gpr[0];
        core.ModeChanged();
        return Outcome.Next;
    }

    /// <summary>CR4.PKE, else #UD; ECX = 0, else #GP(0).</summary>
    private static bool TryStart(Core core, out Outcome outcome)
    {
        outcome = Outcome.Fault;
        if ((core.Lp->Cr4 & Cr4Bit.Pke) == 0)
            core.Raise(Vector.UD);
        else if ((uint)core.Lp->Gpr[1] != 0)
            core.RaiseGp0();
        else
            return true;
        return false;
    }
}

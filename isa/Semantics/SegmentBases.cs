using Iced.Intel;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>SWAPGS, RDFSBASE and its kin. SDM vol. 2.</summary>
internal static unsafe class SegmentBases
{
    public static Outcome Swapgs(Core core, in Instruction i)
    {
        if (!core.LongMode64)
            return core.Raise(Vector.UD);
        if (core.Cpl != 0)
            return core.RaiseGp0();
        (core.Lp->Gs.Base, core.Lp->KernelGsBase) = (core.Lp->KernelGsBase, core.Lp->Gs.Base);
        return Outcome.Next;
    }

    public static Outcome Read(Core core, in Instruction i)
    {
        if (!IsEnabled(core))
            return core.Raise(Vector.UD);
        core.WriteRegister(i.Op0Register, i.Mnemonic == Mnemonic.Rdfsbase ? core.Lp->Fs.Base : core.Lp->Gs.Base);
        return Outcome.Next;
    }

    public static Outcome Write(Core core, in Instruction i)
    {
        if (!IsEnabled(core))
            return core.Raise(Vector.UD);
        ulong value = core.ReadOperand(i, 0);
        if (!core.IsCanonical(value))
            return core.RaiseGp0();
        if (i.Mnemonic == Mnemonic.Wrfsbase)
            core.Lp->Fs.Base = value;
        else
            core.Lp->Gs.Base = value;
        return Outcome.Next;
    }

    private static bool IsEnabled(Core core) => core.LongMode64 && (core.Lp->Cr4 & Cr4Bit.Fsgsbase) != 0;
}

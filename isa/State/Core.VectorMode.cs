using Iced.Intel;
using Seamsim.Isa.Decode;

namespace Seamsim.Isa.State;

// Which vector registers instructions may use now. SDM vol. 3A, 14.1 and 2.5; vol. 1, 13.5.
public sealed unsafe partial class Core
{
    private const ulong Avx512Components = 0xE0, AvxComponents = 6;

    /// <summary>Part of the code space and of a block's key.</summary>
    internal VectorMode VectorMode
    {
        get
        {
            VectorMode mode = (VectorMode)((Lp->Cr0 >> 3 & 1) | (Lp->Cr0 >> 1 & 2));
            if ((Lp->Cr4 & Cr4Bit.Osfxsr) != 0)
                mode |= VectorMode.Sse;
            if ((Lp->Cr0 & Cr0Bit.Pe) != 0 && (Lp->Rflags & RflagsBit.Vm) == 0)
                mode |= VectorMode.Vex;
            if ((Lp->Cr4 & Cr4Bit.Osxsave) == 0 || (Lp->Xcr0 & AvxComponents) != AvxComponents)
                return mode;
            mode |= VectorMode.Avx;
            return (Lp->Xcr0 & Avx512Components) == Avx512Components ? mode | VectorMode.Avx512 : mode;
        }
    }

    /// <summary>#UD or #NM of an instruction whose vector state is not available; false leaves it recorded.</summary>
    private bool IsAvailable(in Instruction instruction)
    {
        if (VectorUses.Refusal(VectorUses.Of(instruction), VectorMode) is not { } exception)
            return true;
        Raise(exception);
        return false;
    }
}

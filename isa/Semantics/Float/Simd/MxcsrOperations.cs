using Iced.Intel;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Float.Simd;

/// <summary>LDMXCSR, STMXCSR. SDM vol. 2.</summary>
internal static unsafe class MxcsrOperations
{
    public static bool Load(Core core, in Instruction i)
    {
        if (!core.TryReadOperand(i, 0, out ulong value))
            return false;
        if ((value & ~(ulong)ExtendedState.MxcsrMask) != 0)
        {
            core.RaiseGp0();
            return false;
        }
        core.Lp->Mxcsr = (uint)value;
        return true;
    }

    public static bool Store(Core core, in Instruction i) => core.TryWriteOperand(i, 0, core.Lp->Mxcsr);
}

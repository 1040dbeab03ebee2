using Iced.Intel;
using Seamsim.Isa.Engine.Interpreter.Simd;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Simd;

/// <summary>EMMS, VZEROUPPER, VZEROALL, LDMXCSR, STMXCSR. SDM vol. 2.</summary>
internal static unsafe class VectorState
{
    public static bool Emms(Core core, in Instruction i)
    {
        if ((core.Lp->Fsw & Mmx.ErrorSummary) != 0)
        {
            core.Raise(Vector.MF);
            return false;
        }
        Mmx.Enter(core.Lp); // TOP = 0, SDM vol. 3A, table 13-2
        core.Lp->Ftw = 0;
        return true;
    }

    /// <summary>Eight registers outside of 64-bit mode; never ZMM16 and above.</summary>
    public static bool Vzeroupper(Core core, in Instruction i)
    {
        for (int n = 0; n < (core.LongMode64 ? 16 : 8); n++)
            new Span<ulong>(&core.Lp->Zmm[(8 * n) + 2], 6).Clear();
        return true;
    }

    public static bool Vzeroall(Core core, in Instruction i)
    {
        new Span<ulong>(core.Lp->Zmm, core.LongMode64 ? 16 * 8 : 8 * 8).Clear();
        return true;
    }

    public static bool Ldmxcsr(Core core, in Instruction i)
    {
        if (!core.TryReadOperand(i, 0, out ulong value))
            return false;
        if (((uint)value & ~ExtendedState.MxcsrMask) != 0)
        {
            core.RaiseGp0();
            return false;
        }
        core.Lp->Mxcsr = (uint)value;
        return true;
    }

    public static bool Stmxcsr(Core core, in Instruction i) => core.TryWriteOperand(i, 0, core.Lp->Mxcsr);
}

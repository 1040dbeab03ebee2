using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>
/// Decimal adjustment outside 64-bit mode. SDM vol. 2, named after the instructions. Flags the manual leaves undefined
/// are those of undefined-results.csv: OF = 0, and SF, ZF, PF from AL where they are undefined.
/// </summary>
internal static unsafe class DecimalArithmetic
{
    public static Outcome Daa(Core core, in Instruction i)
    {
        (byte old, bool carry, bool adjust) = Before(core);
        byte al = old;
        bool low = (old & 0xF) > 9 || adjust, high = old > 0x99 || carry;
        if (low)
            al += 6;
        if (high)
            al += 0x60;
        return After(core, al, high, low);
    }

    public static Outcome Das(Core core, in Instruction i)
    {
        (byte old, bool carry, bool adjust) = Before(core);
        byte al = old;
        bool low = (old & 0xF) > 9 || adjust, high = old > 0x99 || carry;
        bool borrow = low && old < 6;
        if (low)
            al -= 6;
        if (high)
            al -= 0x60;
        return After(core, al, high || borrow, low);
    }

    public static Outcome Aaa(Core core, in Instruction i)
    {
        (byte old, _, bool adjust) = Before(core);
        bool adjusts = (old & 0xF) > 9 || adjust;
        if (adjusts)
            core.WriteRegister(Register.AX, core.ReadRegister(Register.AX) + 0x106);
        return After(core, (byte)(core.Lp->Gpr[0] & 0xF), adjusts, adjusts);
    }

    public static Outcome Aas(Core core, in Instruction i)
    {
        (byte old, _, bool adjust) = Before(core);
        bool adjusts = (old & 0xF) > 9 || adjust;
        if (adjusts)
            core.WriteRegister(Register.AX, core.ReadRegister(Register.AX) - 0x106);
        return After(core, (byte)(core.Lp->Gpr[0] & 0xF), adjusts, adjusts);
    }

    public static Outcome Aam(Core core, in Instruction i)
    {
        byte radix = (byte)i.GetImmediate(0), al = (byte)core.Lp->Gpr[0];
        if (radix == 0)
            return core.Raise(Vector.DE);
        core.WriteRegister(Register.AH, (ulong)(al / radix));
        return After(core, (byte)(al % radix), carry: false, adjust: false);
    }

    public static Outcome Aad(Core core, in Instruction i)
    {
        byte radix = (byte)i.GetImmediate(0);
        ulong value = core.ReadRegister(Register.AL) + (core.ReadRegister(Register.AH) * radix);
        core.WriteRegister(Register.AH, 0);
        return After(core, (byte)value, carry: false, adjust: false);
    }

    /// <summary>SALC, which the manual's opcode map leaves out and processors have: AL = CF ? FFH : 0.</summary>
    public static Outcome Salc(Core core, in Instruction i)
    {
        core.WriteRegister(Register.AL, LazyFlags.Carry(core.Lp) ? 0xFFUL : 0);
        return Outcome.Next;
    }

    private static (byte Al, bool Carry, bool Adjust) Before(Core core)
    {
        ulong flags = core.Rflags;
        return ((byte)core.Lp->Gpr[0], (flags & RflagsBit.Cf) != 0, (flags & RflagsBit.Af) != 0);
    }

    private static Outcome After(Core core, byte al, bool carry, bool adjust)
    {
        core.WriteRegister(Register.AL, al);
        Flags.Explicit(core.Lp, (carry ? RflagsBit.Cf : 0) | (adjust ? RflagsBit.Af : 0), al);
        return Outcome.Next;
    }
}

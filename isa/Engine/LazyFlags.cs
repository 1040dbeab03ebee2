using System.Numerics;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine;

/// <summary>
/// How the recorded operands become flags. Operands and result are recorded sign-extended to 64 bits, which keeps
/// every rule below free of the operand's width: bit 63 is the sign, and unsigned order is preserved.
/// </summary>
internal static class FlagRule
{
    /// <summary>All six flags are in <see cref="LogicalProcessor.Rflags"/>.</summary>
    public const uint Materialised = 0;

    /// <summary>Result = A + B (+ carry in).</summary>
    public const uint Add = 1;

    /// <summary>Result = A − B (− borrow in).</summary>
    public const uint Sub = 2;

    /// <summary>CF = OF = AF = 0; ZF, SF, PF from the result.</summary>
    public const uint Logic = 3;

    /// <summary>CF, AF and OF are the bits of A at their RFLAGS positions; ZF, SF, PF from the result.</summary>
    public const uint Explicit = 4;
}

/// <summary>Reading and writing the lazy arithmetic flags.</summary>
internal static unsafe class LazyFlags
{
    public static ulong Read(LogicalProcessor* lp)
    {
        if (lp->FlagRule == FlagRule.Materialised)
            return lp->Rflags | RflagsBit.Fixed1;
        ulong flags = (Carry(lp) ? RflagsBit.Cf : 0) | (Overflow(lp) ? RflagsBit.Of : 0) | Adjust(lp)
            | (lp->FlagResult == 0 ? RflagsBit.Zf : 0) | (lp->FlagResult >> 63 << 7) | ParityOf(lp->FlagResult);
        return (lp->Rflags & ~RflagsBit.Arithmetic) | flags | RflagsBit.Fixed1;
    }

    public static void Write(LogicalProcessor* lp, ulong value)
    {
        lp->Rflags = value | RflagsBit.Fixed1;
        lp->FlagRule = FlagRule.Materialised;
    }

    /// <summary>Replaces the bits in <paramref name="mask"/> and materialises the rest.</summary>
    public static void Update(LogicalProcessor* lp, ulong mask, ulong value) =>
        Write(lp, (Read(lp) & ~mask) | (value & mask));

    public static bool Carry(LogicalProcessor* lp)
    {
        ulong a = lp->FlagA, b = lp->FlagB, r = lp->FlagResult;
        return lp->FlagRule switch
        {
            FlagRule.Add => (long)((a & b) | ((a | b) & ~r)) < 0,
            FlagRule.Sub => (long)((~a & b) | ((~a | b) & r)) < 0,
            FlagRule.Logic => false,
            FlagRule.Explicit => (a & RflagsBit.Cf) != 0,
            _ => (lp->Rflags & RflagsBit.Cf) != 0,
        };
    }

    public static bool Overflow(LogicalProcessor* lp)
    {
        ulong a = lp->FlagA, b = lp->FlagB, r = lp->FlagResult;
        return lp->FlagRule switch
        {
            FlagRule.Add => (long)((a ^ r) & (b ^ r)) < 0,
            FlagRule.Sub => (long)((a ^ b) & (a ^ r)) < 0,
            FlagRule.Logic => false,
            FlagRule.Explicit => (a & RflagsBit.Of) != 0,
            _ => (lp->Rflags & RflagsBit.Of) != 0,
        };
    }

    public static bool Zero(LogicalProcessor* lp) => lp->FlagRule == FlagRule.Materialised
        ? (lp->Rflags & RflagsBit.Zf) != 0
        : lp->FlagResult == 0;

    public static bool Sign(LogicalProcessor* lp) => lp->FlagRule == FlagRule.Materialised
        ? (lp->Rflags & RflagsBit.Sf) != 0
        : (long)lp->FlagResult < 0;

    public static bool Parity(LogicalProcessor* lp) => lp->FlagRule == FlagRule.Materialised
        ? (lp->Rflags & RflagsBit.Pf) != 0
        : ParityOf(lp->FlagResult) != 0;

    private static ulong Adjust(LogicalProcessor* lp) => lp->FlagRule switch
    {
        FlagRule.Add or FlagRule.Sub => (lp->FlagA ^ lp->FlagB ^ lp->FlagResult) & RflagsBit.Af,
        FlagRule.Explicit => lp->FlagA & RflagsBit.Af,
        _ => 0,
    };

    private static ulong ParityOf(ulong result) =>
        (BitOperations.PopCount(result & 0xFF) & 1) == 0 ? RflagsBit.Pf : 0;
}

using Iced.Intel;

namespace Seamsim.Tests.Isa.Native;

/// <summary>What the manual leaves undefined after an instruction. SDM vol. 2, "Flags Affected" of each.</summary>
internal static unsafe class Undefined
{
    private const ulong Cf = 1, Pf = 4, Af = 0x10, Zf = 0x40, Sf = 0x80, Of = 0x800;

    /// <summary>Flags without a defined value.</summary>
    public static ulong Flags(in Instruction i, in ProcessorState before)
    {
        ulong mask = FromIced(i.RflagsUndefined);
        if (!IsShift(i.Mnemonic))
            return mask;
        int count = Count(i, before), bits = Bits(i);
        bool rotate = i.Mnemonic is Mnemonic.Rol or Mnemonic.Ror or Mnemonic.Rcl or Mnemonic.Rcr;
        if (count == 0)
            return 0;
        mask = rotate ? 0 : Af;
        if (count != 1)
            mask |= Of;
        if (!rotate && count >= bits && i.Mnemonic != Mnemonic.Sar)
            mask |= Cf;
        return IsDouble(i.Mnemonic) && count > bits ? Cf | Pf | Af | Zf | Sf | Of : mask;
    }

    /// <summary>What is written to the first operand has no defined value.</summary>
    public static bool Destination(in Instruction i, in ProcessorState before, ulong rflagsAfter) => i.Mnemonic switch
    {
        Mnemonic.Bsf or Mnemonic.Bsr => (rflagsAfter & Zf) != 0, // the source is zero
        Mnemonic.Bswap => i.Op0Register.GetSize() == 2,
        Mnemonic.Shld or Mnemonic.Shrd => Count(i, before) > Bits(i),
        _ => false,
    };

    private static bool IsDouble(Mnemonic mnemonic) => mnemonic is Mnemonic.Shld or Mnemonic.Shrd;

    private static bool IsShift(Mnemonic mnemonic) => mnemonic is Mnemonic.Shl or Mnemonic.Sal or Mnemonic.Shr
        or Mnemonic.Sar or Mnemonic.Rol or Mnemonic.Ror or Mnemonic.Rcl or Mnemonic.Rcr || IsDouble(mnemonic);

    private static int Bits(in Instruction i) =>
        8 * (i.Op0Kind == OpKind.Register ? i.Op0Register.GetSize() : i.MemorySize.GetSize());

    private static int Count(in Instruction i, in ProcessorState before)
    {
        int last = i.OpCount - 1;
        ulong count = i.GetOpKind(last) == OpKind.Register ? before.Gpr[1] : i.GetImmediate(last);
        return (int)(count & (Bits(i) == 64 ? 63UL : 31));
    }

    private static ulong FromIced(RflagsBits bits) =>
        ((bits & RflagsBits.OF) != 0 ? Of : 0) | ((bits & RflagsBits.SF) != 0 ? Sf : 0)
        | ((bits & RflagsBits.ZF) != 0 ? Zf : 0) | ((bits & RflagsBits.AF) != 0 ? Af : 0)
        | ((bits & RflagsBits.CF) != 0 ? Cf : 0) | ((bits & RflagsBits.PF) != 0 ? Pf : 0);
}

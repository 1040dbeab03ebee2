using Iced.Intel;

namespace Seamsim.Tests.Isa.Native;

/// <summary>What the manual leaves undefined after an instruction. SDM vol. 2, "Flags Affected" of each.</summary>
internal static unsafe class Undefined
{
    private const ulong Cf = 1, Pf = 4, Af = 0x10, Zf = 0x40, Sf = 0x80, Of = 0x800;
    private const ushort InvalidOperation = 1, C0 = 0x100, C1 = 0x200, C2 = 0x400, C3 = 0x4000;

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

    /// <summary>
    /// Bits of the x87 status word without a defined value. C1 after a comparison into flags is 0 in Intel's manual and
    /// unchanged on AMD; the condition bits of a remainder that is not a number are nowhere defined.
    /// </summary>
    public static ushort StatusWord(in Instruction i, in ProcessorState after) => i.Mnemonic switch
    {
        Mnemonic.Fcomi or Mnemonic.Fcomip or Mnemonic.Fucomi or Mnemonic.Fucomip => C1,
        Mnemonic.Fprem or Mnemonic.Fprem1 when IsInvalid(after) => C0 | C1 | C2 | C3,
        _ => 0,
    };

    /// <summary>
    /// Bytes of an image in memory that are not compared: pointers and opcode of the last x87 instruction, which AMD
    /// stores only with a pending exception, MXCSR_MASK, and what is reserved.
    /// </summary>
    public static (int From, int To)[] Image(Code code) => code switch
    {
        Code.Fnstenv_m14byte or Code.Fnsave_m94byte  => [(6, 14)],
        Code.Fnstenv_m28byte or Code.Fnsave_m108byte => [(12, 28)],
        Code.Fxsave_m512byte or Code.Fxsave64_m512byte => [(6, 24), (28, 32), (416, 512)],
        _ when XsaveArrangement.Saves(code.Mnemonic()) => [(28, 32)],
        _ => [],
    };

    /// <summary>
    /// An aligned move whose mask leaves no element at a misaligned address: #GP in the interpreter, nothing on AMD.
    /// SDM vol. 2, 2.8.1 suppresses faults of masked elements but does not say that the alignment is one. And the SHA
    /// instructions: exceptions of type 4, so aligned, in Intel's manual; AMD takes any address.
    /// </summary>
    public static bool Alignment(in Instruction i, bool refused, bool really) =>
        refused && really && (i.OpMask != Register.None || i.Mnemonic is >= Mnemonic.Sha1msg1 and <= Mnemonic.Sha256rnds2)
        && i.MemorySize.GetSize() > 0;

    /// <summary>The operation was invalid, or ST(0) is a NaN.</summary>
    private static bool IsInvalid(in ProcessorState after) =>
        (after.Fsw & InvalidOperation) != 0 || (after.St[1] & 0x7FFF) == 0x7FFF;

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

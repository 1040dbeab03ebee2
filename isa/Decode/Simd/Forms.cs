using Iced.Intel;

namespace Seamsim.Isa.Decode.Simd;

/// <summary>What tells the forms of one mnemonic apart.</summary>
internal static class Forms
{
    /// <summary>The destination is an MMX register.</summary>
    public static bool Mmx(in Instruction i) => i.Op0Register.IsMM();

    /// <summary>The destination is a vector or MMX register, not an opmask register.</summary>
    public static bool IntoVector(in Instruction i) => !i.Op0Register.IsK();

    /// <summary>The destination is an opmask register.</summary>
    public static bool IntoMask(in Instruction i) => i.Op0Register.IsK();

    /// <summary>The last operand is an immediate.</summary>
    public static bool Immediate(in Instruction i) => i.GetOpKind(i.OpCount - 1) == OpKind.Immediate8;

    /// <summary>Under an opmask.</summary>
    public static bool Masked(in Instruction i) => i.OpMask != Register.None;

    /// <summary>All operands are registers or immediates.</summary>
    public static bool Registers(in Instruction i)
    {
        for (int n = 0; n < i.OpCount; n++)
            if (i.GetOpKind(n) == OpKind.Memory)
                return false;
        return true;
    }
}

using Iced.Intel;
using Kind = Iced.Intel.OpCodeOperandKind;

namespace Seamsim.TextTraces.Assembling;

/// <summary>Whether a number can be an immediate operand, and how it is put into an instruction.</summary>
internal static class ImmediateRules
{
    /// <summary>Puts a number into an instruction; false when it does not fit the operand.</summary>
    public static bool TrySet(ref Instruction instruction, int operand, Kind kind, ulong value, bool negative)
    {
        switch (kind)
        {
            case Kind.imm8_const_1 when value == 1:
            case Kind.imm4_m2z when value < 16:
            case Kind.imm8 when Fits(value, negative, 8):
                SetByte(ref instruction, operand, (byte)value);
                return true;
            case Kind.imm8sex16 when Extends(value, negative, 8, 16):
                instruction.SetOpKind(operand, OpKind.Immediate8to16);
                instruction.Immediate8to16 = (sbyte)value;
                return true;
            case Kind.imm8sex32 when Extends(value, negative, 8, 32):
                instruction.SetOpKind(operand, OpKind.Immediate8to32);
                instruction.Immediate8to32 = (sbyte)value;
                return true;
            case Kind.imm8sex64 when Extends(value, negative, 8, 64):
                instruction.SetOpKind(operand, OpKind.Immediate8to64);
                instruction.Immediate8to64 = (sbyte)value;
                return true;
            case Kind.imm16 when Fits(value, negative, 16):
                instruction.SetOpKind(operand, OpKind.Immediate16);
                instruction.Immediate16 = (ushort)value;
                return true;
            case Kind.imm32 when Fits(value, negative, 32):
                instruction.SetOpKind(operand, OpKind.Immediate32);
                instruction.Immediate32 = (uint)value;
                return true;
            case Kind.imm32sex64 when Extends(value, negative, 32, 64):
                instruction.SetOpKind(operand, OpKind.Immediate32to64);
                instruction.Immediate32to64 = (int)value;
                return true;
            case Kind.imm64:
                instruction.SetOpKind(operand, OpKind.Immediate64);
                instruction.Immediate64 = value;
                return true;
            default:
                return false;
        }
    }

    /// <summary>Whether the operand is an immediate.</summary>
    public static bool IsImmediate(Kind kind) => kind is >= Kind.imm4_m2z and <= Kind.imm64;

    // ENTER, EXTRQ and INSERTQ have two bytes.
    private static void SetByte(ref Instruction instruction, int operand, byte value)
    {
        bool second = operand > 0 && instruction.GetOpKind(operand - 1) is OpKind.Immediate8 or OpKind.Immediate16;
        instruction.SetOpKind(operand, second ? OpKind.Immediate8_2nd : OpKind.Immediate8);
        if (second)
            instruction.Immediate8_2nd = value;
        else
            instruction.Immediate8 = value;
    }

    private static bool Fits(ulong value, bool negative, int bits) =>
        negative ? (long)value >= -(1L << (bits - 1)) && (long)value < 0 : value < 1UL << bits;

    /// <summary>Whether the low bits of the immediate, sign-extended, are the number at the operand's width.</summary>
    private static bool Extends(ulong value, bool negative, int immediateBits, int operandBits)
    {
        if (operandBits < 64 && !Fits(value, negative, operandBits))
            return false;
        long extended = (long)(value << (64 - immediateBits)) >> (64 - immediateBits);
        ulong mask = operandBits == 64 ? ulong.MaxValue : (1UL << operandBits) - 1;
        return (((ulong)extended ^ value) & mask) == 0
            && (operandBits < 64 || negative == ((long)value < 0) || value >> 63 != 0);
    }
}

using Iced.Intel;

namespace Seamsim.Timing.Blocks;

/// <summary>What an instruction makes of values that are known; nothing where it is none of the common ones.</summary>
internal static class SymbolicArithmetic
{
    /// <summary>The value its destination register gets, from those of its operands.</summary>
    public static SymbolicValue? Of(in Instruction instruction, SymbolicValue first, SymbolicValue? second)
    {
        bool wide = instruction.Op0Register.IsGPR64();
        if (!wide && !instruction.Op0Register.IsGPR32())
            return null;
        SymbolicValue? value = Result(instruction, first, second);
        if (wide || value is null)
            return value;
        return value.Value.IsConstant ? SymbolicValue.Of((uint)value.Value.Offset) : null;
    }

    private static SymbolicValue? Result(in Instruction instruction, SymbolicValue first, SymbolicValue? second)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Inc:
                return first.Plus(1);
            case Mnemonic.Dec:
                return first.Plus(-1);
            case Mnemonic.Xor or Mnemonic.Sub when IsSame(instruction):
                return SymbolicValue.Of(0);
            case Mnemonic.Mov or Mnemonic.Lea:
                return second;
            case Mnemonic.Movsxd when second is { IsConstant: true } source:
                return SymbolicValue.Of((int)source.Offset);
            case Mnemonic.Add when second is { IsConstant: true } addend:
                return first.Plus(addend.Offset);
            case Mnemonic.Add when first.IsConstant && second is { } addend:
                return addend.Plus(first.Offset);
            case Mnemonic.Sub when second is { IsConstant: true } subtrahend:
                return first.Plus(-subtrahend.Offset);
        }
        return first.IsConstant && second is { IsConstant: true } constant
            ? Constants(instruction.Mnemonic, first.Offset, constant.Offset, instruction.Op0Register.IsGPR64()) : null;
    }

    private static SymbolicValue? Constants(Mnemonic mnemonic, long first, long second, bool wide) => mnemonic switch
    {
        Mnemonic.And => SymbolicValue.Of(first & second),
        Mnemonic.Or => SymbolicValue.Of(first | second),
        Mnemonic.Xor => SymbolicValue.Of(first ^ second),
        Mnemonic.Shl => SymbolicValue.Of(first << (int)second),
        Mnemonic.Shr => SymbolicValue.Of(wide ? (long)((ulong)first >> (int)second) : (uint)first >> (int)second),
        Mnemonic.Sar => SymbolicValue.Of(wide ? first >> (int)second : (int)first >> (int)second),
        _ => null,
    };

    private static bool IsSame(in Instruction instruction) => instruction.Op1Kind == OpKind.Register
        && instruction.Op0Register == instruction.Op1Register;
}

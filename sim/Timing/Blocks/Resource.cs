using Iced.Intel;

namespace Seamsim.Timing.Blocks;

/// <summary>Numbers of what carries a value from one instruction to another.</summary>
internal static class Resource
{
    /// <summary>What carries no value the model follows.</summary>
    public const int None = -1;

    /// <summary>RSP.</summary>
    public const int StackPointer = 4;

    /// <summary>CF, OF, and the other status flags.</summary>
    public const int Flags = 20;

    /// <summary>Memory operands, numbered by block.</summary>
    public const int FirstMemory = 96;

    private const int HighByte = 16, Vector = 23, Media = 55, X87 = 63, Mask = 71;

    /// <summary>The resource of a register; AH, CH, DH and BH have their own where they are renamed.</summary>
    public static int Of(Register register, bool highByteRenamed)
    {
        if (InstructionShape.IsHighByte(register))
            return highByteRenamed
                ? HighByte + register.GetFullRegister().GetNumber() : register.GetFullRegister().GetNumber();
        if (register.IsGPR())
            return register.GetFullRegister().GetNumber();
        if (register.IsVectorRegister())
            return Vector + register.GetNumber();
        if (register.IsMM())
            return Media + register.GetNumber();
        if (register.IsST())
            return X87 + register.GetNumber();
        return register.IsK() ? Mask + register.GetNumber() : None;
    }

    /// <summary>Whether it is a register of the x87 stack.</summary>
    public static bool IsX87(int resource) => resource is >= X87 and < Mask;

    /// <summary>What a resource is called in the next iteration when a block leaves another ST(0).</summary>
    public static int InNext(int resource, int top) =>
        IsX87(resource) ? X87 + (resource - X87 - top & Mask - X87 - 1) : resource;

    /// <summary>The resource of a register's high byte where it may have one of its own.</summary>
    public static int HighByteOf(int general) => general < 4 ? HighByte + general : None;
}

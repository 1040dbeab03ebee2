using Iced.Intel;

namespace Seamsim.Timing.Blocks;

/// <summary>
/// Where the registers of the x87 stack are: ST(i) is register TOP + i of eight. SDM vol. 1, 8.1.2. TOP is counted from
/// the start of the block; what a conditional push does is taken to happen.
/// </summary>
internal static class X87Stack
{
    private const int Registers = 8;

    /// <summary>TOP behind an instruction.</summary>
    public static int After(in Instruction instruction, int top) =>
        top + instruction.GetFpuStackIncrementInfo().Increment & Registers - 1;

    /// <summary>Whether an instruction makes a new ST(0).</summary>
    public static bool Pushes(in Instruction instruction) => instruction.GetFpuStackIncrementInfo().Increment < 0;

    /// <summary>The register that a name means; any other register is itself.</summary>
    public static Register At(Register register, int top) =>
        register.IsST() ? Register.ST0 + (register.GetNumber() + top & Registers - 1) : register;
}

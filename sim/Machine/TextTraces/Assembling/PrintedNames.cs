using Iced.Intel;

namespace Seamsim.TextTraces.Assembling;

/// <summary>How a disassembler writes a form whose text differs from its encoding.</summary>
internal static class PrintedNames
{
    /// <summary>The mnemonic it prints.</summary>
    public static string Mnemonic(Code code)
    {
        Instruction sample = default;
        sample.Code = code;
        StringOutput output = new();
        new IntelFormatter().FormatMnemonic(sample, output, FormatMnemonicOptions.NoPrefixes);
        return output.ToStringAndReset();
    }

    /// <summary>The registers it prints behind an instruction that has no operand.</summary>
    public static Register[] Registers(Code code, OpCodeInfo info)
    {
        if (info.OpCount != 0)
            return [];
        Instruction sample = default;
        sample.Code = code;
        StringOutput output = new();
        new IntelFormatter().FormatAllOperands(sample, output);
        string[] words = output.ToStringAndReset().Split(',',
            StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Register[] registers = [.. words.Select(RegisterNames.Find)];
        return registers.Contains(Register.None) ? [] : registers;
    }
}

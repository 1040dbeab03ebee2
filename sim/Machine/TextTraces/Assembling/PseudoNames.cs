using Iced.Intel;

namespace Seamsim.TextTraces.Assembling;

/// <summary>
/// Names that stand for an instruction and its last operand, such as <c>vcmpeqps</c>: exactly those a disassembler
/// prints,
/// so they are asked from it.
/// </summary>
internal static class PseudoNames
{
    private const int Comparisons = 32;

    /// <summary>The names of a form with the operand each stands for.</summary>
    public static IEnumerable<(string Name, int Immediate)> Of(Code code, OpCodeInfo info, string mnemonic)
    {
        if (info.OpCount < 3 || info.GetOpKind(info.OpCount - 1) != OpCodeOperandKind.imm8)
            yield break;
        IntelFormatter formatter = new();
        for (int i = 0; i < Comparisons; i++)
        {
            StringOutput output = new();
            formatter.FormatMnemonic(Sample(code, info, (byte)i), output, FormatMnemonicOptions.NoPrefixes);
            string name = output.ToStringAndReset();
            if (name != mnemonic)
                yield return (name, i);
        }
    }

    private static Instruction Sample(Code code, OpCodeInfo info, byte immediate)
    {
        Instruction sample = default;
        sample.Code = code;
        for (int i = 0; i < info.OpCount - 1; i++)
        {
            sample.SetOpKind(i, OpKind.Register);
            sample.SetOpRegister(i, Register.XMM0);
        }
        sample.SetOpKind(info.OpCount - 1, OpKind.Immediate8);
        sample.Immediate8 = immediate;
        return sample;
    }
}

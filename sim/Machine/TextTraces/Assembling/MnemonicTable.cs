using System.Collections.Frozen;
using Iced.Intel;

namespace Seamsim.TextTraces.Assembling;

/// <summary>One form of an instruction: what Iced knows about a <see cref="Code"/>.</summary>
/// <param name="Code">The form.</param>
/// <param name="Info">Its operands, sizes and prefixes.</param>
/// <param name="Immediate">A last operand that the name stands for (<c>vcmpeqps</c>), or −1.</param>
/// <param name="Printed">Registers a form without operands is written with (<c>vmsave rax</c>).</param>
internal readonly record struct InstructionForm(Code Code, OpCodeInfo Info, int Immediate, Register[] Printed)
{
    /// <summary>The name leaves the size to the operands (<c>movs</c> for <c>movsb</c>).</summary>
    public bool NeedsOperands { get; init; }
}

/// <summary>
/// Every form of every instruction that Iced knows in 64-bit mode, by name: the manual's name, and what disassemblers
/// print
/// (conditions such as <c>jz</c>, comparisons such as <c>vcmpeqps</c>).
/// </summary>
internal static class MnemonicTable
{
    private static readonly FrozenDictionary<string, InstructionForm[]> Forms = Build();

    /// <summary>All names.</summary>
    public static IEnumerable<string> Names => Forms.Keys;

    /// <summary>
    /// The forms behind a name in lower case, in Iced's order; empty when there is no such instruction.
    /// </summary>
    public static IReadOnlyList<InstructionForm> Find(string mnemonic) => Forms.GetValueOrDefault(mnemonic) ?? [];

    /// <summary>The known name nearest to a wrong one.</summary>
    public static string? Nearest(string mnemonic)
    {
        const int farthest = 3;
        string? best = null;
        int least = farthest;
        foreach (string name in Forms.Keys.Order(StringComparer.Ordinal))
            if (Math.Abs(name.Length - mnemonic.Length) < least && EditDistance(name, mnemonic) is var distance
                && distance < least)
                (best, least) = (name, distance);
        return best;
    }

    /// <summary>Whether the processor decodes a form without options of other vendors' or older processors.</summary>
    public static bool IsAvailable(OpCodeInfo info) => info.IsInstruction && info.Mode64
        && info.DecoderOption == DecoderOptions.None && info.Encoding != EncodingKind.MVEX
        && !IsOtherVendorsBranch(info)
        && info.Code is not (Code.Ud0 or Code.Montmul_64); // nothing decodes to these in 64-bit mode

    /// <summary>Branches with 16-bit operands: on Intel processors the prefix does nothing in 64-bit mode.</summary>
    private static bool IsOtherVendorsBranch(OpCodeInfo info) =>
        !info.IntelDecoder64 && info.OperandSize == 16
            && info.Code.FlowControl() is not (FlowControl.Next or FlowControl.Interrupt);

    private static FrozenDictionary<string, InstructionForm[]> Build()
    {
        Dictionary<string, List<InstructionForm>> forms = new(StringComparer.Ordinal);
        foreach (Code code in Enum.GetValues<Code>())
        {
            OpCodeInfo info = code.ToOpCode();
            if (!IsAvailable(info))
                continue;
            string name = code.Mnemonic().ToString().ToLowerInvariant();
            InstructionForm form = new(code, info, -1, PrintedNames.Registers(code, info));
            if (OperandRules.HasImpliedMemory(info) && name[^1] is 'b' or 'w' or 'd' or 'q')
                Add(forms, name[..^1], form with { NeedsOperands = true });
            foreach (string alias in ConditionNames.All(name).Union(ConditionNames.All(PrintedNames.Mnemonic(code))))
                Add(forms, alias, form);
            foreach ((string alias, int immediate) in PseudoNames.Of(code, info, name))
                Add(forms, alias, form with { Immediate = immediate });
        }
        return forms.ToFrozenDictionary(pair => pair.Key, pair => pair.Value.ToArray(), StringComparer.Ordinal);
    }

    private static void Add(Dictionary<string, List<InstructionForm>> forms, string name, in InstructionForm form)
    {
        if (!forms.TryGetValue(name, out List<InstructionForm>? list))
            forms.Add(name, list = []);
        list.Add(form);
    }

    private static int EditDistance(string a, string b)
    {
        int[] row = new int[b.Length + 1];
        for (int j = 0; j <= b.Length; j++)
            row[j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.Length];
    }
}

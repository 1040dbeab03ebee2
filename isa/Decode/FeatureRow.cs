using Iced.Intel;
using Seamsim.Isa.Models;
using Seamsim.Isa.Seam;

namespace Seamsim.Isa.Decode;

/// <summary>
/// A row of <c>instruction-features.csv</c>. Leaf <c>always</c> and <c>never</c> stand for features without a CPUID bit;
/// the column <c>otherwise</c> holds a decoder option, or the mnemonics that are NOPs without the feature.
/// </summary>
/// <param name="Feature">The feature; null when the row has an option only.</param>
/// <param name="Leaf">CPUID leaf, or the words above.</param>
/// <param name="Subleaf">CPUID sub-leaf.</param>
/// <param name="Register">eax, ebx, ecx or edx.</param>
/// <param name="Bit">Bit of the register.</param>
/// <param name="Option">Decoder option without the feature.</param>
/// <param name="Hints">NOPs without the feature.</param>
internal sealed record FeatureRow(
    CpuidFeature? Feature, string Leaf, uint Subleaf, string Register, int Bit, DecoderOptions Option, Mnemonic[] Hints)
{
    /// <summary>Reads the table.</summary>
    public static IEnumerable<FeatureRow> Load(string table)
    {
        foreach (string[] cells in ModelTable.Read(table, 7))
        {
            bool hasBit = cells[4] != "-";
            bool isOption = Enum.TryParse(cells[5], out DecoderOptions option);
            Mnemonic[] hints = isOption || cells[5] == "-" ? [] : [.. cells[5].Split(' ').Select(Enum.Parse<Mnemonic>)];
            yield return new FeatureRow(cells[0] == "-" ? null : Enum.Parse<CpuidFeature>(cells[0]), cells[1],
                hasBit ? (uint)ModelTable.Number(cells[2]) : 0, cells[3], hasBit ? (int)ModelTable.Number(cells[4]) : 0,
                isOption ? option : DecoderOptions.None, hints);
        }
    }

    /// <summary>Whether a processor with this CPUID has the feature.</summary>
    public bool IsIn(Func<uint, uint, CpuidResult> cpuid)
    {
        if (Leaf is "always" or "never")
            return Leaf == "always";
        uint leaf = (uint)ModelTable.Number(Leaf);
        if (leaf > cpuid(leaf & 0x8000_0000, 0).Eax)
            return false; // beyond the highest leaf CPUID answers with another one
        CpuidResult answer = cpuid(leaf, Subleaf);
        uint value = Register switch { "eax" => answer.Eax, "ebx" => answer.Ebx, "ecx" => answer.Ecx, _ => answer.Edx };
        return ((value >> Bit) & 1) != 0;
    }
}

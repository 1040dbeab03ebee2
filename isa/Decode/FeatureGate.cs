using System.Collections.Frozen;
using Iced.Intel;
using Seamsim.Isa.Models;
using Seamsim.Isa.Seam;

namespace Seamsim.Isa.Decode;

/// <summary>
/// Which instructions a processor has: what its CPUID does not enumerate decodes as an undefined instruction, as a NOP
/// (hints), or as the older instruction with the same opcode. The table <c>instruction-features.csv</c> names the CPUID
/// bit of each feature; a feature with several rows needs one of their bits.
/// </summary>
internal sealed class FeatureGate
{
    private static readonly FeatureRow[] Rows = [.. FeatureRow.Load("instruction-features.csv")];

    private static readonly int Count = Enum.GetValues<CpuidFeature>().Length;

    private readonly bool[] present = new bool[Count];
    private readonly FrozenSet<Mnemonic> hints = FrozenSet<Mnemonic>.Empty;

    private FeatureGate() => Array.Fill(present, true);

    /// <summary>The gate of a processor whose native CPUID (not what a VMM shows a guest) is given.</summary>
    public FeatureGate(Func<uint, uint, CpuidResult> cpuid)
    {
        HashSet<Mnemonic> absent = [];
        foreach (FeatureRow row in Rows)
        {
            bool has = row.IsIn(cpuid);
            if (row.Feature is { } feature)
                present[(int)feature] |= has;
            if (has)
                continue;
            Options |= row.Option;
            absent.UnionWith(row.Hints);
        }
        hints = absent.ToFrozenSet();
    }

    /// <summary>Lets every instruction pass: a processor without a model.</summary>
    public static FeatureGate Open { get; } = new();

    /// <summary>How opcodes decode that mean an older instruction without their feature.</summary>
    public DecoderOptions Options { get; }

    /// <summary>Whether the processor enumerates a feature.</summary>
    public bool Has(CpuidFeature feature) => present[(int)feature];

    /// <summary>Turns an instruction that the processor does not have into what it is instead.</summary>
    public void Apply(ref Instruction instruction)
    {
        foreach (CpuidFeature feature in instruction.CpuidFeatures)
            if (!present[(int)feature])
            {
                instruction.Code = hints.Contains(instruction.Mnemonic) ? Code.Nopd : Code.INVALID;
                return;
            }
    }
}

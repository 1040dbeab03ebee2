using Seamsim.Firmware.Abi;

namespace Seamsim.Oracle;

/// <summary>
/// What zeroes a field however it came to its value: XFAM bits that are 0, ATTRIBUTES.PERFMON, the MONITOR bit. TDX
/// Module 1.5 base specification, "CPUID Virtualization"; bits of single registers are rows of Data/…/cpuid-xfam.csv.
/// </summary>
/// <param name="answer">The TD.</param>
internal sealed class CpuidGates(CpuidAnswer answer)
{
    private const uint MonitorLeaf = 0x5, PerfmonLeaf = 0xA, XstateLeaf = 0xD;
    private const int MonitorBit = 3;

    /// <summary>Bits of the field that XFAM lets through.</summary>
    public uint Open(CpuidField field)
    {
        uint open = field.Mask;
        foreach (CpuidXfamRule rule in RulesOf(field))
            if (!Xfam(rule.XfamBit))
                open &= ~rule.Mask[field.Register];
        return LeafBits(field.Leaf, field.Subleaf).All(Xfam) ? open : 0;
    }

    /// <summary>The XFAM bits the field depends on, ascending.</summary>
    public IReadOnlyList<int> BitsOf(CpuidField field) =>
        [.. RulesOf(field).Select(rule => rule.XfamBit).Concat(LeafBits(field.Leaf, field.Subleaf)).Distinct().Order()];

    /// <summary>Those of them that are 0.</summary>
    public IReadOnlyList<int> MissingOf(CpuidField field) => [.. BitsOf(field).Where(bit => !Xfam(bit))];

    /// <summary>Whether the leaf needs ATTRIBUTES.PERFMON and does not have it.</summary>
    public bool LacksPerfmon(CpuidField field) =>
        field.Leaf == PerfmonLeaf && (answer.Question.Attributes & TdAttributes.Perfmon) == 0;

    /// <summary>Whether the leaf needs the TD's MONITOR bit and does not have it.</summary>
    public bool LacksMonitor(CpuidField field)
    {
        if (field.Leaf != MonitorLeaf || answer.Tables.Cpuid.Find(1, 0) is not { } features)
            return false;
        CpuidLeafAnswer leaf = answer.Leaves[features.Index];
        return ((leaf.Native.Ecx & leaf.Wanted.Ecx) >> MonitorBit & 1) == 0;
    }

    private IEnumerable<CpuidXfamRule> RulesOf(CpuidField field) => answer.Tables.Cpuid.XfamRules.Where(rule =>
        rule.Leaf == field.Leaf && rule.Subleaf == field.Subleaf && (rule.Mask[field.Register] & field.Mask) != 0);

    // Leaves that are all zero without their component.
    private static int[] LeafBits(uint leaf, uint subleaf) => leaf switch
    {
        XstateLeaf when subleaf is >= 2 and < 64 => [(int)subleaf],
        0x14                                     => [8],
        0x1C                                     => [15],
        0x1D                                     => [17, 18],
        _                                        => [],
    };

    private bool Xfam(int bit) => (answer.Question.Xfam >> bit & 1) != 0;
}

using Seamsim.Host.Guests;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Consistency;

/// <summary>What somebody holds a TD's CPUID to be: an answer for every leaf and sub-leaf; zeros where unknown.</summary>
internal sealed class CpuidView
{
    private readonly Dictionary<(uint, uint), CpuidValue> values = [];

    private CpuidView()
    {
    }

    /// <summary>What the TD executes.</summary>
    public static CpuidView Of(CensusReport census)
    {
        CpuidView view = new();
        foreach (CensusRow row in census.Rows)
            view.values[(row.Leaf, row.Subleaf)] = row.Value;
        return view;
    }

    /// <summary>What a list of entries says, looked up as KVM looks it up.</summary>
    public static CpuidView Of(IReadOnlyList<KvmCpuidEntry2> entries)
    {
        CpuidView view = new();
        foreach ((uint leaf, uint subleaf) in CensusPlan.Leaves)
            foreach (KvmCpuidEntry2 entry in entries)
                if (entry.Answers(leaf, subleaf))
                {
                    view.values[(leaf, subleaf)] = entry.Value;
                    break;
                }
        return view;
    }

    /// <summary>The registers; zeros for a leaf that is not held.</summary>
    public CpuidValue this[uint leaf, uint subleaf] => values.GetValueOrDefault((leaf, subleaf));

    /// <summary>A bit.</summary>
    public bool Has(CpuidBit bit) => bit.IsIn(this[bit.Leaf, bit.Subleaf]);
}

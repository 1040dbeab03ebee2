using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Guests;

/// <summary>What CPUID answered in a TD.</summary>
/// <param name="Leaf">EAX that was asked for.</param>
/// <param name="Subleaf">ECX that was asked for.</param>
/// <param name="FromVmm">The instruction raised #VE and the VMM's answer was taken (TDVMCALL CPUID).</param>
/// <param name="Value">The registers.</param>
public readonly record struct CensusRow(uint Leaf, uint Subleaf, bool FromVmm, CpuidValue Value);

/// <summary>The census guest's report.</summary>
/// <param name="Rows">One for every leaf of <see cref="CensusPlan.Leaves"/>.</param>
/// <param name="Written">Features whose MSR the guest wrote.</param>
public sealed record CensusReport(IReadOnlyList<CensusRow> Rows, IReadOnlyList<FeatureMsr> Written)
{
    private const int WordsPerLeaf = 5;

    /// <summary>
    /// The rows a TD answered by itself as a VMM would list them: without the leaves that are all zero.
    /// </summary>
    public IEnumerable<KvmCpuidEntry2> Entries => Rows
        .Where(row => !row.FromVmm && row.Value != default && row.Leaf <= Maximum(row.Leaf))
        .Select(row => new KvmCpuidEntry2(
            row.Leaf, row.Subleaf, HasSubleaves(row.Leaf) ? KvmUapi.CpuidFlagSignificantIndex : 0, row.Value));

    /// <summary>Reads what the guest sent; null when the guest did not come to its end.</summary>
    public static CensusReport? Parse(IReadOnlyList<uint> words)
    {
        int leaves = CensusPlan.Leaves.Count * WordsPerLeaf;
        if (words.Count != leaves + CensusPlan.Features.Count)
            return null;
        List<CensusRow> rows = [];
        for (int i = 0; i < CensusPlan.Leaves.Count; i++)
        {
            (uint leaf, uint subleaf) = CensusPlan.Leaves[i];
            int at = i * WordsPerLeaf;
            CpuidValue value = new(words[at + 1], words[at + 2], words[at + 3], words[at + 4]);
            rows.Add(new CensusRow(leaf, subleaf, words[at] != 0, value));
        }
        return new CensusReport(rows, [.. CensusPlan.Features.Where((_, i) => words[leaves + i] != 0)]);
    }

    private uint Maximum(uint leaf) => Rows.First(row => row.Leaf == (leaf & 0x8000_0000)).Value.Eax;

    private static bool HasSubleaves(uint leaf) => CensusPlan.Leaves.Contains((leaf, 1U));
}

using Seamsim.Firmware.Abi;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;

namespace Seamsim.Consistency;

/// <summary>CPUID registers whose bits are features, one each. Rows of Data/cpuid-feature-registers.csv.</summary>
internal static class FeatureRegisters
{
    private static readonly Lazy<(uint, uint, CpuidValue)[]> Rows = new(() =>
    [
        .. DataFile.Read(typeof(KvmModule).Assembly, "cpuid-feature-registers.csv").Select(row => (
            (uint)row.Number("leaf"), (uint)row.Number("subleaf"), new CpuidValue(
                (uint)row.Number("eax"), (uint)row.Number("ebx"),
                (uint)row.Number("ecx"), (uint)row.Number("edx")))),
    ]);

    /// <summary>Leaf, sub-leaf and the bits that are features.</summary>
    public static IReadOnlyList<(uint Leaf, uint Subleaf, CpuidValue Features)> All => Rows.Value;
}

using Seamsim.Firmware.Abi;

namespace Seamsim.Host.Guests;

/// <summary>An MSR that comes with a CPUID feature.</summary>
/// <param name="Leaf">EAX of CPUID.</param>
/// <param name="Subleaf">ECX of CPUID.</param>
/// <param name="Register">0 EAX, 1 EBX, 2 ECX, 3 EDX.</param>
/// <param name="Bit">Bit of the register.</param>
/// <param name="Feature">The feature's name.</param>
/// <param name="Msr">The MSR.</param>
/// <param name="MsrName">Its name.</param>
/// <param name="Value">What the census guest writes.</param>
public readonly record struct FeatureMsr(
    uint Leaf, uint Subleaf, int Register, int Bit, string Feature, uint Msr, string MsrName, ulong Value);

/// <summary>What the census guest does: rows of Data/census-leaves.csv and Data/feature-msrs.csv.</summary>
public static class CensusPlan
{
    private static readonly Lazy<(uint, uint)[]> LeafRows = new(() =>
    [
        .. DataFile.Read(typeof(CensusPlan).Assembly, "census-leaves.csv").SelectMany(row =>
            Enumerable.Range(0, (int)row.Number("last_subleaf") + 1)
                .Select(subleaf => ((uint)row.Number("leaf"), (uint)subleaf))),
    ]);

    private static readonly Lazy<FeatureMsr[]> FeatureRows = new(() =>
    [
        .. DataFile.Read(typeof(CensusPlan).Assembly, "feature-msrs.csv").Select(row => new FeatureMsr(
            (uint)row.Number("leaf"), (uint)row.Number("subleaf"), (int)row.Number("register"),
            (int)row.Number("bit"), row["feature"], (uint)row.Number("msr"), row["msr_name"], row.Number("value"))),
    ]);

    /// <summary>Leaves and sub-leaves CPUID is executed for, in order.</summary>
    public static IReadOnlyList<(uint Leaf, uint Subleaf)> Leaves => LeafRows.Value;

    /// <summary>MSRs written when their feature is there, in order.</summary>
    public static IReadOnlyList<FeatureMsr> Features => FeatureRows.Value;
}

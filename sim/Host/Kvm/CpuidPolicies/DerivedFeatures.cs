using Seamsim.Firmware.Abi;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Kvm.CpuidPolicies;

/// <summary>
/// XFAM and attributes as KVM derived them from user space's CPUID before the series: leaf 0xD names state components,
/// and a feature bit brings the components it needs along.
/// </summary>
public static class DerivedFeatures
{
    private const uint ExtendedState = 0xD;
    private static readonly Lazy<IReadOnlyList<Row>> Rows = new(ReadRows);

    /// <summary>XFAM bits an array asks for.</summary>
    public static ulong Xfam(IReadOnlyList<KvmCpuidEntry2> cpuid)
    {
        CpuidValue xcr0 = ValueOf(cpuid, ExtendedState, 0), xss = ValueOf(cpuid, ExtendedState, 1);
        ulong named = (ulong)xcr0.Edx << 32 | xcr0.Eax | (ulong)xss.Edx << 32 | xss.Ecx;
        return named | Of("xfam", cpuid);
    }

    /// <summary>Attributes an array asks for.</summary>
    public static ulong Attributes(IReadOnlyList<KvmCpuidEntry2> cpuid) => Of("attributes", cpuid);

    /// <summary>The bits of a leaf that would bring along state components <paramref name="xfam"/> has not.</summary>
    public static CpuidValue Beyond(ulong xfam, uint leaf, uint index)
    {
        CpuidValue mask = default;
        foreach (Row row in Rows.Value)
            if (row.Target == "xfam" && row.Leaf == leaf && row.Subleaf == index && (row.Bits & xfam) == 0)
                mask |= row.Mask;
        return mask;
    }

    private static ulong Of(string target, IReadOnlyList<KvmCpuidEntry2> cpuid)
    {
        ulong bits = 0;
        foreach (Row row in Rows.Value)
            if (row.Target == target && (ValueOf(cpuid, row.Leaf, row.Subleaf) & row.Mask) != default)
                bits |= row.Bits;
        return bits;
    }

    private static CpuidValue ValueOf(IReadOnlyList<KvmCpuidEntry2> cpuid, uint leaf, uint index)
    {
        foreach (KvmCpuidEntry2 entry in cpuid)
            if (entry.Answers(leaf, index))
                return entry.Value;
        return default;
    }

    private static IReadOnlyList<Row> ReadRows() =>
    [
        .. DataFile.Read(typeof(DerivedFeatures).Assembly, "kvm-derived-features.csv").Select(row => new Row(
            row["target"], (uint)row.Number("leaf"), (uint)row.Number("subleaf"),
            new CpuidValue(
                (uint)row.Number("eax"), (uint)row.Number("ebx"), (uint)row.Number("ecx"), (uint)row.Number("edx")),
            row.Number("bits"))),
    ];

    private readonly record struct Row(string Target, uint Leaf, uint Subleaf, CpuidValue Mask, ulong Bits);
}

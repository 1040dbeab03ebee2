using System.Globalization;
using Seamsim.Firmware.Abi;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Kvm.CpuidPolicies;

/// <summary>KVM_GET_SUPPORTED_CPUID: what KVM can offer on this processor (patches 19, 20, 25).</summary>
public static class SupportedCpuid
{
    private static readonly Lazy<IReadOnlyList<Row>> Rows = new(ReadRows);
    private static readonly Lazy<IReadOnlyList<Row>> WideningRows = new(ReadWidening);

    /// <summary>
    /// The whole list for a processor. <paramref name="native"/> answers CPUID; without five-level EPT guest-physical
    /// addresses have 48 bits at most.
    /// </summary>
    public static IReadOnlyList<KvmCpuidEntry2> Build(Func<uint, uint, CpuidValue> native, bool hostHasFiveLevels)
    {
        List<KvmCpuidEntry2> entries = [];
        foreach (Row row in Rows.Value)
        {
            CpuidValue value = (native(row.Leaf, row.Subleaf ?? 0) & row.Mask) | row.Forced;
            if (row.Leaf == AddressSizeLeaf.Leaf)
            {
                int bits = (int)(native(row.Leaf, 0).Eax & 0xFF);
                value = AddressSizeLeaf.WithGuestBits(value, hostHasFiveLevels ? bits : Math.Min(bits, 48));
            }
            entries.Add(new KvmCpuidEntry2(
                row.Leaf, row.Subleaf ?? 0, row.Subleaf is null ? 0 : KvmUapi.CpuidFlagSignificantIndex, value));
        }
        return entries;
    }

    /// <summary>
    /// The entries under some roots only, e.g. 0, 0x80000000, 0x40000000 (kvm_get_supported_cpuid_internal).
    /// </summary>
    public static IReadOnlyList<KvmCpuidEntry2> OfRoots(
        IReadOnlyList<KvmCpuidEntry2> all, params ReadOnlySpan<uint> roots)
    {
        List<KvmCpuidEntry2> entries = [];
        foreach (uint root in roots)
            entries.AddRange(all.Where(entry => (entry.Function & 0xF000_0000) == root));
        return entries;
    }

    /// <summary>The processor's leaves the list is made of; what a caller must have asked the processor for.</summary>
    public static IEnumerable<(uint Leaf, uint Subleaf)> NativeLeaves =>
        Rows.Value.Select(row => (row.Leaf, row.Subleaf ?? 0));

    /// <summary>Bits patch 25 adds to an entry's mask.</summary>
    public static CpuidValue Widening(in KvmCpuidEntry2 entry)
    {
        foreach (Row row in WideningRows.Value)
            if (row.Leaf == entry.Function && (row.Subleaf ?? 0) == entry.Index)
                return row.Mask;
        return default;
    }

    private static IReadOnlyList<Row> ReadRows() =>
    [
        .. DataFile.Read(typeof(SupportedCpuid).Assembly, "kvm-supported-cpuid.csv").Select(row => new Row(
            (uint)row.Number("leaf"), Subleaf(row), Value(row, "_mask"), Value(row, "_forced"))),
    ];

    private static IReadOnlyList<Row> ReadWidening() =>
    [
        .. DataFile.Read(typeof(SupportedCpuid).Assembly, "kvm-series-cpuid-widening.csv").Select(row => new Row(
            (uint)row.Number("leaf"), Subleaf(row), Value(row, ""), default)),
    ];

    private static uint? Subleaf(DataRow row) =>
        row.Has("subleaf") ? uint.Parse(row["subleaf"], CultureInfo.InvariantCulture) : null;

    private static CpuidValue Value(DataRow row, string suffix) => new(
        (uint)row.Number("eax" + suffix), (uint)row.Number("ebx" + suffix),
        (uint)row.Number("ecx" + suffix), (uint)row.Number("edx" + suffix));

    private readonly record struct Row(uint Leaf, uint? Subleaf, CpuidValue Mask, CpuidValue Forced);
}

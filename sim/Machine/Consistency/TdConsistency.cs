using System.Numerics;
using Seamsim.Firmware.Abi;
using Seamsim.Host.Guests;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.Uapi;
using Seamsim.Host.Vmm;

namespace Seamsim.Consistency;

/// <summary>
/// A TD's CPUID in three views: what the TD executes (measured by the census guest), what KVM holds, what the VMM holds;
/// and where they differ, bit by bit. Bits that follow the vCPU's state are left out, and so are the GPA width in
/// 0x80000008.EAX[23:16] and leaves above the TD's own maximum, whose answer is another leaf's.
/// </summary>
internal sealed class TdConsistency
{
    private const uint AddressSizes = 0x8000_0008;

    private readonly Dictionary<(uint, uint), CpuidValue> dynamic;
    private readonly uint maxBasic, maxExtended;

    private TdConsistency(CensusReport census, VcpuTdx vcpu, TdVmm vmm, KvmModule kvm, ModuleTables tables)
    {
        Census = census;
        (Td, Kvm, User) = (CpuidView.Of(census), CpuidView.Of(vcpu.Cpuid), CpuidView.Of(vmm.UserView));
        (maxBasic, maxExtended) = (Td[0, 0].Eax, Td[0x8000_0000, 0].Eax);
        dynamic = DynamicBits(tables);
        TdKvm = [.. Differences(Td, Kvm, row => !row.FromVmm)];
        TdUser = [.. Differences(Td, User, _ => true)];
        KvmUser = [.. Differences(Kvm, User, _ => true)];
        UnknownToKvm = [.. FeaturesUnknownTo(kvm.SupportedCpuid)];
        Noticed = vmm.Noticed.Sum(difference => BitOperations.PopCount(difference.Bits));
    }

    /// <summary>The guest's report.</summary>
    public CensusReport Census { get; }

    /// <summary>What the TD executes.</summary>
    public CpuidView Td { get; }

    /// <summary>KVM's copy for the first vCPU.</summary>
    public CpuidView Kvm { get; }

    /// <summary>What the VMM believes.</summary>
    public CpuidView User { get; }

    /// <summary>Bits in which TD and KVM differ; answers that come from KVM itself are not compared.</summary>
    public IReadOnlyList<CpuidBit> TdKvm { get; }

    /// <summary>Bits in which TD and VMM differ.</summary>
    public IReadOnlyList<CpuidBit> TdUser { get; }

    /// <summary>Bits in which KVM and VMM differ.</summary>
    public IReadOnlyList<CpuidBit> KvmUser { get; }

    /// <summary>Feature bits the TD has and KVM does not know (KVM_GET_SUPPORTED_CPUID of this host).</summary>
    public IReadOnlyList<CpuidBit> UnknownToKvm { get; }

    /// <summary>Bits in which the program noticed that the TD is not what it had expected.</summary>
    public int Noticed { get; }

    /// <summary>The views of a TD that ran the census guest to its end; null for any other TD.</summary>
    public static TdConsistency? Of(TdVmm vmm, KvmModule kvm, ModuleTables tables) =>
        vmm.Td?.TdVcpus.FirstOrDefault() is { } vcpu && CensusReport.Parse(vmm.Report) is { } census
            ? new TdConsistency(census, vcpu, vmm, kvm, tables)
            : null;

    /// <summary>Bits the TD itself sees differently than another TD did.</summary>
    public IEnumerable<CpuidBit> DriftFrom(TdConsistency before) => Differences(before.Td, Td, _ => true);

    private IEnumerable<CpuidBit> Differences(CpuidView a, CpuidView b, Predicate<CensusRow> counts)
    {
        foreach (CensusRow row in Census.Rows)
        {
            if (!IsComparable(row.Leaf) || !counts(row))
                continue;
            CpuidValue differs = Xor(a[row.Leaf, row.Subleaf], b[row.Leaf, row.Subleaf]);
            foreach (CpuidBit bit in CpuidBit.In(row.Leaf, row.Subleaf, differs & ~DynamicOf(row.Leaf, row.Subleaf)))
                yield return bit;
        }
    }

    private IEnumerable<CpuidBit> FeaturesUnknownTo(IReadOnlyList<KvmCpuidEntry2> supported)
    {
        foreach ((uint leaf, uint subleaf, CpuidValue features) in FeatureRegisters.All)
        {
            if (!IsComparable(leaf))
                continue;
            CpuidValue known = supported.FirstOrDefault(entry => entry.Answers(leaf, subleaf)).Value;
            CpuidValue unknown = Td[leaf, subleaf] & features & ~known & ~DynamicOf(leaf, subleaf);
            foreach (CpuidBit bit in CpuidBit.In(leaf, subleaf, unknown))
                yield return bit;
        }
    }

    private bool IsComparable(uint leaf) => leaf <= maxBasic || leaf is >= 0x8000_0000 && leaf <= maxExtended;

    private CpuidValue DynamicOf(uint leaf, uint subleaf) =>
        dynamic.TryGetValue((leaf, subleaf), out CpuidValue mask) ? mask
            : dynamic.GetValueOrDefault((leaf, CpuidEntry.NoSubleaf));

    private static Dictionary<(uint, uint), CpuidValue> DynamicBits(ModuleTables tables)
    {
        Dictionary<(uint, uint), CpuidValue> masks = [];
        foreach (CpuidField field in tables.CpuidFields.Fields)
        {
            if (field.Category != CpuidCategory.Dynamic)
                continue;
            CpuidValue registers = field.Register switch
            {
                0 => new(field.Mask, 0, 0, 0),
                1 => new(0, field.Mask, 0, 0),
                2 => new(0, 0, field.Mask, 0),
                _ => new(0, 0, 0, field.Mask),
            };
            masks[(field.Leaf, field.Subleaf)] = masks.GetValueOrDefault((field.Leaf, field.Subleaf)) | registers;
        }
        // KVM and its users tell each other the GPA width here; it is no part of the TD's CPUID.
        masks[(AddressSizes, CpuidEntry.NoSubleaf)] = new CpuidValue(0x00FF_0000, 0, 0, 0)
            | masks.GetValueOrDefault((AddressSizes, CpuidEntry.NoSubleaf));
        return masks;
    }

    private static CpuidValue Xor(in CpuidValue a, in CpuidValue b) =>
        new(a.Eax ^ b.Eax, a.Ebx ^ b.Ebx, a.Ecx ^ b.Ecx, a.Edx ^ b.Edx);
}

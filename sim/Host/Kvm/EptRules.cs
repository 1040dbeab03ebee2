using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Kvm;

/// <summary>How INIT_VM finds the guest-physical address width of a TD.</summary>
public enum GpawRule
{
    /// <summary>Before patch 22: from CPUID 0x80000008.EAX[7:0], 36 when the leaf is missing.</summary>
    MaxPhysicalAddress,

    /// <summary>Patch 22 and Linux 6.16: from CPUID 0x80000008.EAX[23:16], which must be 48 or 52.</summary>
    GuestPhysicalAddress,
}

/// <summary>How KVM finds the page-walk level of a vCPU's shared EPT.</summary>
public enum TdpLevelRule
{
    /// <summary>Before patch 23: from EAX[7:0], also for TDs.</summary>
    MaxPhysicalAddress,

    /// <summary>Patch 23: from EAX[23:16] for TDs, falling back to EAX[7:0] when that is 0.</summary>
    GuestPhysicalAddressOrMax,

    /// <summary>
    /// From the reposting of October 2024 on, Linux 6.16: from EAX[23:16] for TDs, 0 counting as small.
    /// </summary>
    GuestPhysicalAddress,
}

/// <summary>EPT level and guest-physical address width of a TD.</summary>
/// <param name="FiveLevel">Five page-table levels instead of four.</param>
/// <param name="Wide">52-bit guest-physical addresses (shared bit 51) instead of 48 (shared bit 47).</param>
public readonly record struct EptChoice(bool FiveLevel, bool Wide)
{
    private const ulong WriteBack = 6;

    /// <summary>TD_PARAMS.EPTP_CONTROLS: write-back, walk length − 1 in bits 5:3.</summary>
    public ulong EptpControls => WriteBack | (FiveLevel ? 4UL : 3UL) << 3;

    /// <summary>The GPAW bit of TD_PARAMS.CONFIG_FLAGS.</summary>
    public ulong ConfigFlags => Wide ? Firmware.Abi.ConfigFlags.Gpaw : 0;

    /// <summary>Page-table levels.</summary>
    public int Levels => FiveLevel ? 5 : 4;

    /// <summary>Index of the GPA bit that tells shared from private.</summary>
    public int SharedBit => Wide ? 51 : 47;

    /// <summary>The shared bit as a mask over guest frame numbers (gfn_direct_bits).</summary>
    public ulong GfnDirectBits => 1UL << (SharedBit - 12);
}

/// <summary>EPT level and GPAW from CPUID: patches 22 and 23, and what was there before.</summary>
public static class EptRules
{
    private const uint AddressSizes = 0x8000_0008;
    private const int DefaultMaxPhysicalAddress = 36;

    /// <summary>INIT_VM's choice; false is -EINVAL.</summary>
    public static bool TryChoose(
        GpawRule rule, IReadOnlyList<KvmCpuidEntry2> cpuid, bool hostHasFiveLevels, out EptChoice choice)
    {
        uint? eax = Find(cpuid, AddressSizes)?.Value.Eax;
        choice = default;
        int width;
        if (rule == GpawRule.MaxPhysicalAddress)
        {
            width = (int)(eax ?? DefaultMaxPhysicalAddress) & 0xFF;
        }
        else
        {
            width = (int)((eax ?? 0) >> 16 & 0xFF);
            if (width is not (48 or 52))
                return false;
        }
        if (width > 48 && !hostHasFiveLevels)
            return false;
        choice = new EptChoice(width > 48, width > 48);
        return true;
    }

    /// <summary>The page-walk level of a vCPU's shared EPT from the CPUID user space gave it.</summary>
    /// <param name="rule">Which kernel.</param>
    /// <param name="isTd">Whether the VM is a TD.</param>
    /// <param name="cpuid">KVM_SET_CPUID2 of the vCPU; empty when never called.</param>
    /// <param name="maxTdpLevel">5 when the processor has five-level EPT, else 4.</param>
    /// <param name="tdpRootLevel">A fixed level; 0 on VMX.</param>
    public static int TdpLevel(
        TdpLevelRule rule, bool isTd, IReadOnlyList<KvmCpuidEntry2> cpuid, int maxTdpLevel, int tdpRootLevel = 0)
    {
        if (tdpRootLevel != 0)
            return tdpRootLevel;
        int width = MaxPhysicalAddress(cpuid);
        if (isTd && rule != TdpLevelRule.MaxPhysicalAddress)
        {
            int guest = GuestPhysicalAddress(cpuid);
            width = guest == 0 && rule == TdpLevelRule.GuestPhysicalAddressOrMax ? width : guest;
        }
        return maxTdpLevel == 5 && width <= 48 ? 4 : maxTdpLevel;
    }

    /// <summary>The shared bit that belongs to a page-walk level: 51 for five levels, 47 for four.</summary>
    public static ulong GfnDirectBitsOfLevel(int level) => 1UL << ((level == 5 ? 51 : 47) - 12);

    /// <summary>supported_gpaw of patch 09: 48 always, 52 with a 52-bit processor and five-level EPT.</summary>
    public static uint SupportedGpaw(int maxPhysicalAddress, bool hostHasFiveLevels) =>
        KvmTdxCapabilities.Gpaw48
        | (maxPhysicalAddress >= 52 && hostHasFiveLevels ? KvmTdxCapabilities.Gpaw52 : 0);

    private static int MaxPhysicalAddress(IReadOnlyList<KvmCpuidEntry2> cpuid) =>
        HasAddressSizes(cpuid) && Find(cpuid, AddressSizes) is { } entry
            ? (int)(entry.Value.Eax & 0xFF)
            : DefaultMaxPhysicalAddress;

    private static int GuestPhysicalAddress(IReadOnlyList<KvmCpuidEntry2> cpuid) =>
        HasAddressSizes(cpuid) && Find(cpuid, AddressSizes) is { } entry ? (int)(entry.Value.Eax >> 16 & 0xFF) : 0;

    private static bool HasAddressSizes(IReadOnlyList<KvmCpuidEntry2> cpuid) =>
        Find(cpuid, 0x8000_0000) is { } root && root.Value.Eax >= AddressSizes;

    private static KvmCpuidEntry2? Find(IReadOnlyList<KvmCpuidEntry2> cpuid, uint function)
    {
        foreach (KvmCpuidEntry2 entry in cpuid)
            if (entry.Answers(function, 0))
                return entry;
        return null;
    }
}

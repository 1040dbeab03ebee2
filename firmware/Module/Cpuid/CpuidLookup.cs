using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>
/// Finds the entry that answers a CPUID a TD executes. TDX Module 1.5 base specification, "CPUID Virtualization"; an
/// unknown leaf or subleaf, or one that is marked as faulting, raises #VE.
/// </summary>
internal static class CpuidLookup
{
    private const uint ExtendedBase = 0x8000_0000, HypervisorFirst = 0x4000_0000, HypervisorLast = 0x4FFF_FFFF;

    /// <summary>
    /// The entry, or null for #VE. Its value is <see cref="Tdcs.CpuidValues"/>, dynamic bits not yet applied.
    /// </summary>
    public static CpuidEntry? Find(LeafCall c, uint leaf, uint subleaf)
    {
        bool hypervisor = leaf is >= HypervisorFirst and <= HypervisorLast;
        uint highest = c.Tables.Cpuid.MaxBasicLeaf;
        bool tooHigh = leaf > highest && leaf < ExtendedBase || leaf > c.Data.NativeMaxExtendedLeaf;
        CpuidEntry? entry = c.Tables.Cpuid.Find(!hypervisor && tooHigh ? highest : leaf, subleaf);
        return entry is { Faulting: false } ? entry : null;
    }
}

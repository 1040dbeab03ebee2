using Seamsim.Host.Kernel;

namespace Seamsim.Host.Kvm.CpuidPolicies;

/// <summary>
/// Bits that follow the state of a vCPU (OSXSAVE, APIC id, size of the XSAVE area): no two copies of a TD's CPUID have
/// to agree in them.
/// </summary>
public static class RuntimeCpuid
{
    private static readonly Lazy<CpuidMaskTable> Table = new(() => new CpuidMaskTable("kvm-runtime-cpuid.csv"));

    /// <summary>Such bits of a leaf.</summary>
    public static CpuidValue Mask(uint leaf, uint index) => Table.Value.Of(leaf, index);
}

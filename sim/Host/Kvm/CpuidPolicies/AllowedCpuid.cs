using Seamsim.Host.Kernel;

namespace Seamsim.Host.Kvm.CpuidPolicies;

/// <summary>
/// KVM's allow-list of configurable bits (kvm_tdx_cpu_caps): feature registers bit by bit, registers that hold numbers
/// as a whole.
/// </summary>
internal static class AllowedCpuid
{
    private static readonly Lazy<CpuidMaskTable> Table = new(() => new CpuidMaskTable("kvm-allowed-cpuid.csv"));

    /// <summary>The bits of a leaf user space may set.</summary>
    internal static CpuidValue Mask(uint leaf, uint index) => Table.Value.Of(leaf, index);
}

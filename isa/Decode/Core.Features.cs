using Seamsim.Isa.Decode;
using Seamsim.Isa.Models;

namespace Seamsim.Isa.State;

public sealed unsafe partial class Core
{
    private FeatureGate? features;

    /// <summary>The instructions this logical processor has, read from its native CPUID at the first decode.</summary>
    internal FeatureGate Features => IsOnPlatform ? features ??= new FeatureGate(NativeCpuid) : FeatureGate.Open;

    /// <summary>CPUID in 64-bit mode, where SYSCALL shows, whatever the mode is now.</summary>
    private Seam.CpuidResult NativeCpuid(uint leaf, uint subleaf) =>
        Model.Cpuid(CpuidContext.Of(this) with { Mode64 = true }, leaf, subleaf);
}

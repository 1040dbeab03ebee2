using Seamsim.Isa.Seam;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Models;

/// <summary>A CPU model as data: CPUID, MSR reset values and masks, VMX capabilities.</summary>
public sealed class CpuModel
{
    /// <summary>CPUID as this model answers it on <paramref name="core"/> (topology and CR4-dependent bits patched in).</summary>
    public CpuidResult Cpuid(Core core, uint leaf, uint subleaf) => default;
}

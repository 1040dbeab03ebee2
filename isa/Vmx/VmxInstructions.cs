using Seamsim.Isa.Decode;

namespace Seamsim.Isa.Vmx;

/// <summary>The thirteen VMX instructions. SDM vol. 3C, chapter 31.</summary>
internal static class VmxInstructions
{
    /// <summary>Rows the decoder binds.</summary>
    public static SystemRow[] Table { get; } = [];
}

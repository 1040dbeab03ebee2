using Seamsim.Isa.Decode;

namespace Seamsim.Isa.Seam;

/// <summary>SEAMCALL, SEAMRET, TDCALL, SEAMOPS. TDX CPU Architectural Extensions.</summary>
internal static class SeamInstructions
{
    /// <summary>Rows the decoder binds.</summary>
    public static SystemRow[] Table { get; } = [];
}

using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.SYS.LP.SHUTDOWN (leaf 44) and TDH.MNG.KEY.RECLAIMID (leaf 27) do nothing and succeed. TDX Module 1.5 ABI: both
/// are kept for compatibility.
/// </summary>
internal static class CompatibilityLeaves
{
    public static LeafEnd DoNothing(LeafCall c) => TdxStatus.Success;
}

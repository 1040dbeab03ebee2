using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Loader;

/// <summary>
/// The SEAM range as SEAM software reads it from its MSRs. TDX CPU Architectural Extensions, "SEAMRR".
/// </summary>
internal static class PlatformRange
{
    private const uint BaseMsr = 0x1400, MaskMsr = 0x1401;
    private const ulong AddressBits = 0x000F_FFFF_FE00_0000;

    public static SeamRange Of(ISeamPlatform p)
    {
        p.TryRdmsr(BaseMsr, out ulong start);
        p.TryRdmsr(MaskMsr, out ulong mask);
        ulong addressable = (1UL << p.Keys.PhysicalAddressBits) - 1;
        return new SeamRange(start & AddressBits, (~(mask & AddressBits) & addressable) + 1);
    }
}

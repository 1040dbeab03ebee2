using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Loader;

/// <summary>IA32_SEAMRR_PHYS_BASE and _MASK. TDX CPU Architectural Extensions.</summary>
internal static class SeamRange
{
    private const uint BaseMsr = 0x1400, MaskMsr = 0x1401;
    private const ulong AddressBits = 0x000F_FFFF_FE00_0000;

    public static (ulong Base, ulong Bytes) Of(ISeamPlatform p)
    {
        p.TryRdmsr(BaseMsr, out ulong start);
        p.TryRdmsr(MaskMsr, out ulong mask);
        return Decode(start, mask, p.Keys.PhysicalAddressBits);
    }

    public static (ulong Base, ulong Bytes) Decode(ulong start, ulong mask, int addressBits)
    {
        ulong addressable = (1UL << addressBits) - 1;
        return (start & AddressBits, (~(mask & AddressBits) & addressable) + 1);
    }
}

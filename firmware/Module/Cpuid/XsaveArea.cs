using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>Sizes of XSAVE areas. SDM vol. 1, 13.4 "XSAVE area".</summary>
internal static class XsaveArea
{
    /// <summary>Components the module knows: 0 x87 to 18 TILEDATA.</summary>
    public const int Components = 19;

    private const uint AlignFlag = 1U << 31;
    private const uint LegacyAndHeaderBytes = 576;

    /// <summary>Size and alignment of a component in one word.</summary>
    public static uint Describe(uint bytes, bool aligned) => bytes | (aligned ? AlignFlag : 0);

    /// <summary>Bytes of the standard-format area for some user components.</summary>
    public static uint StandardBytes(LeafCall c, ulong components)
    {
        uint end = LegacyAndHeaderBytes;
        for (uint i = 2; i < Components; i++)
        {
            if ((components >> (int)i & 1) == 0)
                continue;
            CpuidResult sub = c.Data.NativeCpuid(c.Tables.Cpuid.Find(0xD, i)!.Index);
            end = Math.Max(end, sub.Ebx + sub.Eax);
        }
        return end;
    }

    /// <summary>Whether IA32_XFD can switch off any of some components.</summary>
    public static bool AnyHasXfd(LeafCall c, ulong components)
    {
        for (uint i = 2; i < Components; i++)
            if ((components >> (int)i & 1) != 0
                && (c.Data.NativeCpuid(c.Tables.Cpuid.Find(0xD, i)!.Index).Ecx >> 2 & 1) != 0)
                return true;
        return false;
    }

    /// <summary>
    /// Lays some components out in compacted format; returns the bytes and gives each component's offset.
    /// </summary>
    public static uint Compact(LeafCall c, ulong components, Span<uint> offsets)
    {
        uint end = LegacyAndHeaderBytes;
        for (int i = 2; i < Components; i++)
        {
            if ((components >> i & 1) == 0)
                continue;
            uint component = c.Data.XsaveComponent(i);
            if ((component & AlignFlag) != 0)
                end = end + 63 & ~63U;
            offsets[i] = end;
            end += component & ~AlignFlag;
        }
        return end;
    }
}

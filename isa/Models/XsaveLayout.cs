namespace Seamsim.Isa.Models;

/// <summary>Sizes and offsets of XSAVE state components as CPUID leaf 0DH reports them. SDM vol. 1, 13.4.</summary>
public sealed class XsaveLayout
{
    /// <summary>Legacy region and XSAVE header.</summary>
    public const int HeaderEnd = 576;

    private const int Components = 63;
    private readonly int[] sizes = new int[Components], offsets = new int[Components];
    private ulong aligned;

    internal void Add(int component, int size, int offset, bool align64)
    {
        sizes[component] = size;
        offsets[component] = offset;
        if (align64)
            aligned |= 1UL << component;
    }

    /// <summary>Bytes of a component; 0 when the processor does not have it.</summary>
    public int SizeOf(int component) => sizes[component];

    /// <summary>Offset of a component in an area in standard format.</summary>
    public int StandardOffset(int component) => offsets[component];

    /// <summary>Bytes of an area in standard format for the components of <paramref name="mask"/>.</summary>
    public int StandardBytes(ulong mask)
    {
        int end = HeaderEnd;
        for (int i = 2; i < Components; i++)
            if (((mask >> i) & 1) != 0)
                end = Math.Max(end, offsets[i] + sizes[i]);
        return end;
    }

    /// <summary>Bytes of an area in compacted format for the components of <paramref name="mask"/>.</summary>
    public int CompactedBytes(ulong mask) => CompactedOffset(mask, Components);

    /// <summary>Offset of a component in a compacted area whose XCOMP_BV is <paramref name="mask"/>.</summary>
    public int CompactedOffset(ulong mask, int component)
    {
        int offset = HeaderEnd;
        for (int i = 2; i <= component && i < Components; i++)
        {
            if (((mask >> i) & 1) == 0)
                continue;
            if (((aligned >> i) & 1) != 0)
                offset = (offset + 63) & ~63;
            if (i == component)
                break;
            offset += sizes[i];
        }
        return offset;
    }
}

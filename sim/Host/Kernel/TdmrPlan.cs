using System.Buffers.Binary;

namespace Seamsim.Host.Kernel;

/// <summary>What the module says about TDMRs (SYS.RD).</summary>
/// <param name="MaxTdmrs">MAX_TDMRS.</param>
/// <param name="MaxReserved">MAX_RESERVED_PER_TDMR.</param>
/// <param name="PamtEntryBytes">PAMT_4K, 2M, 1G_ENTRY_SIZE.</param>
public sealed record TdmrLimits(int MaxTdmrs, int MaxReserved, IReadOnlyList<int> PamtEntryBytes);

/// <summary>One trust domain memory region: a GiB-aligned stretch, its PAMTs, and what in it is not for TDs.</summary>
/// <param name="Base">Physical base, GiB-aligned.</param>
/// <param name="Size">Bytes, whole GiB.</param>
public sealed class Tdmr(ulong Base, ulong Size)
{
    /// <summary>Physical base, GiB-aligned.</summary>
    public ulong Base { get; } = Base;

    /// <summary>Bytes, whole GiB.</summary>
    public ulong Size { get; internal set; } = Size;

    /// <summary>First byte behind the region.</summary>
    public ulong End => Base + Size;

    /// <summary>PAMT base for 4 KiB, 2 MiB and 1 GiB pages.</summary>
    public ulong[] PamtBase { get; } = new ulong[3];

    /// <summary>PAMT bytes for 4 KiB, 2 MiB and 1 GiB pages.</summary>
    public ulong[] PamtSize { get; } = new ulong[3];

    /// <summary>Base of the one allocation that holds all three PAMTs.</summary>
    public ulong PamtBlock => PamtBase[0];

    /// <summary>Bytes of all three PAMTs.</summary>
    public ulong PamtBytes => PamtSize[0] + PamtSize[1] + PamtSize[2];

    /// <summary>Reserved areas (offset, bytes), ascending.</summary>
    public List<(ulong Offset, ulong Size)> Reserved { get; } = [];

    /// <summary>The TDMR_INFO bytes: base, size, PAMT 1G, 2M, 4K as base and size, then the reserved areas.</summary>
    public byte[] ToInfo(int infoBytes)
    {
        byte[] info = new byte[infoBytes];
        int at = 0;
        void Put(ulong value)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(info.AsSpan(at), value);
            at += 8;
        }
        Put(Base);
        Put(Size);
        for (int level = 2; level >= 0; level--)
        {
            Put(PamtBase[level]);
            Put(PamtSize[level]);
        }
        foreach ((ulong offset, ulong size) in Reserved)
        {
            Put(offset);
            Put(size);
        }
        return info;
    }
}

/// <summary>How the kernel turns RAM into TDMRs, so that every page of the page allocator can go to a TD.</summary>
/// <remarks>Linux arch/x86/virt/vmx/tdx/tdx.c; TDX Module 1.5 ABI, TDMR_INFO.</remarks>
public static class TdmrPlan
{
    private const ulong GiB = 1UL << 30;
    private const ulong LowMemory = 1UL << 20;

    /// <summary>The TDX memory list: all RAM from 1 MiB up, ascending.</summary>
    public static IReadOnlyList<(ulong Base, ulong Bytes)> MemoryList(IReadOnlyList<(ulong Base, ulong Bytes)> ram)
    {
        List<(ulong, ulong)> list = [];
        foreach ((ulong start, ulong bytes) in ram)
        {
            ulong low = Math.Max(start, LowMemory), end = start + bytes;
            if (low < end)
                list.Add((low, end - low));
        }
        return list;
    }

    /// <summary>
    /// Covers the memory list with TDMRs; -ENOSPC when there are more than <paramref name="maxTdmrs"/>.
    /// </summary>
    public static Errno Cover(IReadOnlyList<(ulong Base, ulong Bytes)> memory, int maxTdmrs, List<Tdmr> tdmrs)
    {
        foreach ((ulong start, ulong bytes) in memory)
        {
            ulong low = start & ~(GiB - 1), high = (start + bytes + GiB - 1) & ~(GiB - 1);
            ulong covered = tdmrs.Count == 0 ? 0 : tdmrs[^1].End;
            if (high <= covered)
                continue;
            if (tdmrs.Count == maxTdmrs)
                return Errno.ENOSPC;
            low = Math.Max(low, covered);
            tdmrs.Add(new Tdmr(low, high - low));
        }
        return Errno.Ok;
    }

    /// <summary>Places the three PAMTs of a TDMR back to back at <paramref name="block"/>.</summary>
    public static void PlacePamt(Tdmr tdmr, ulong block)
    {
        for (int level = 0; level < 3; level++)
        {
            tdmr.PamtBase[level] = block;
            block += tdmr.PamtSize[level];
        }
    }

    /// <summary>
    /// Sizes the three PAMTs of a TDMR: one entry per 4-KiB, 2-MiB and 1-GiB page, whole 4-KiB pages.
    /// </summary>
    public static void SizePamt(Tdmr tdmr, TdmrLimits limits)
    {
        for (int level = 0; level < 3; level++)
        {
            ulong entries = tdmr.Size >> (12 + (9 * level));
            tdmr.PamtSize[level] = ((entries * (ulong)limits.PamtEntryBytes[level]) + 4095) & ~4095UL;
        }
    }

    /// <summary>
    /// Reserves holes of the memory list and PAMTs of any TDMR; -ENOSPC when a TDMR has no room for one more.
    /// </summary>
    public static Errno Reserve(
        IReadOnlyList<Tdmr> tdmrs, IReadOnlyList<(ulong Base, ulong Bytes)> memory, int maxReserved)
    {
        foreach (Tdmr tdmr in tdmrs)
        {
            ReserveHoles(tdmr, memory);
            foreach (Tdmr other in tdmrs)
                ReserveOverlap(tdmr, other.PamtBlock, other.PamtBlock + other.PamtBytes);
            if (tdmr.Reserved.Count > maxReserved)
                return Errno.ENOSPC;
            tdmr.Reserved.Sort();
        }
        return Errno.Ok;
    }

    private static void ReserveHoles(Tdmr tdmr, IReadOnlyList<(ulong Base, ulong Bytes)> memory)
    {
        ulong covered = tdmr.Base;
        foreach ((ulong start, ulong bytes) in memory)
        {
            if (start >= tdmr.End)
                break;
            if (start > covered)
                ReserveOverlap(tdmr, covered, start);
            covered = Math.Max(covered, start + bytes);
        }
        if (covered < tdmr.End)
            ReserveOverlap(tdmr, covered, tdmr.End);
    }

    private static void ReserveOverlap(Tdmr tdmr, ulong start, ulong end)
    {
        ulong low = Math.Max(start, tdmr.Base), high = Math.Min(end, tdmr.End);
        if (low < high)
            tdmr.Reserved.Add((low - tdmr.Base, high - low));
    }
}

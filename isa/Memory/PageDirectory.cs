using System.Runtime.InteropServices;

namespace Seamsim.Isa.Memory;

/// <summary>
/// The two-level table from a physical address (KeyID stripped) to its page: gigabytes, then 2-MiB chunks that appear
/// on first touch.
/// </summary>
internal sealed unsafe class PageDirectory : IDisposable
{
    private const int ChunksPerGiB = 512;
    private const int PagesPerChunk = 512;
    private readonly IReadOnlyList<(ulong Base, ulong Bytes)> ranges;
    private readonly int packages;
    private readonly int keyIds;
    private readonly ulong bytesPerPackage;
    private readonly ulong gibs;
    private readonly PageState*** table;

    public PageDirectory(IReadOnlyList<(ulong Base, ulong Bytes)> ranges, int packages, int keyIds)
    {
        this.keyIds = keyIds;
        this.ranges = ranges;
        this.packages = packages;
        ulong end = 0, total = 0;
        foreach ((ulong start, ulong bytes) in ranges)
        {
            end = Math.Max(end, start + bytes);
            total += bytes;
        }
        bytesPerPackage = Math.Max(1, total / (ulong)packages);
        gibs = (end + (1UL << 30) - 1) >> 30;
        table = (PageState***)NativeMemory.AllocZeroed((nuint)Math.Max(1, gibs), (nuint)sizeof(void*));
    }

    /// <summary>The page of an address, or null when it is not RAM.</summary>
    public PageState* Find(ulong line)
    {
        ulong gib = line >> 30;
        if (gib >= gibs)
            return null;
        PageState** chunks = table[gib];
        PageState* chunk = chunks is null ? null : chunks[(line >> 21) & 511];
        if (chunk is null && (chunk = Touch(line)) is null)
            return null;
        PageState* page = chunk + ((line >> 12) & 511);
        return (page->Flags & PageFlags.NotRam) != 0 ? null : page;
    }

    public bool IsRam(ulong line)
    {
        foreach ((ulong start, ulong bytes) in ranges)
            if (line - start < bytes)
                return true;
        return false;
    }

    /// <summary>Package a RAM address is attached to: RAM is dealt out in equal contiguous shares.</summary>
    public int HomeOf(ulong line)
    {
        ulong before = 0;
        foreach ((ulong start, ulong bytes) in ranges)
        {
            if (line - start < bytes)
                return (int)Math.Min((before + (line - start)) / bytesPerPackage, (ulong)packages - 1);
            before += bytes;
        }
        return 0;
    }

    /// <summary>Calls back for every page that has been touched, in address order.</summary>
    public void ForEachTouched(TouchedPage visit)
    {
        for (ulong gib = 0; gib < gibs; gib++)
            for (ulong chunk = 0; table[gib] is not null && chunk < ChunksPerGiB; chunk++)
                for (ulong page = 0; table[gib][chunk] is not null && page < PagesPerChunk; page++)
                    visit((gib << 30) | (chunk << 21) | (page << 12), table[gib][chunk] + page);
    }

    public void Dispose()
    {
        for (ulong gib = 0; gib < gibs; gib++)
        {
            for (int chunk = 0; table[gib] is not null && chunk < ChunksPerGiB; chunk++)
                NativeMemory.Free(table[gib][chunk]);
            NativeMemory.Free(table[gib]);
        }
        NativeMemory.Free(table);
    }

    private PageState* Touch(ulong line)
    {
        ulong start = line & ~((2UL << 20) - 1);
        if (!ranges.Any(r => r.Base < start + (2UL << 20) && start < r.Base + r.Bytes))
            return null;
        PageState** chunks = table[line >> 30];
        if (chunks is null)
            chunks = table[line >> 30] = (PageState**)NativeMemory.AllocZeroed(ChunksPerGiB, (nuint)sizeof(void*));

        var chunk = (PageState*)NativeMemory.AllocZeroed(PagesPerChunk, (nuint)sizeof(PageState));
        for (uint i = 0; i < PagesPerChunk; i++)
        {
            ulong page = start + (i << 12);
            if (!IsRam(page))
                chunk[i].Flags = PageFlags.NotRam;
            chunk[i].Home = (byte)HomeOf(page);
            chunk[i].Tag = chunk[i].Home * keyIds; // the platform key of that package
        }
        chunks[(line >> 21) & 511] = chunk;
        return chunk;
    }
}

/// <summary>Visits a page.</summary>
internal unsafe delegate void TouchedPage(ulong address, PageState* page);

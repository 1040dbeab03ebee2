using System.Runtime.InteropServices;

namespace Seamsim.Isa.Memory;

/// <summary>
/// Hands out zeroed 4-KiB host pages from 2-MiB allocations (one huge allocation is refused by the OS).
/// </summary>
internal sealed unsafe class PageArena : IDisposable
{
    private const int SlabBytes = 2 << 20;
    private const int PageBytes = 4096;
    private readonly List<nint> slabs = [];
    private readonly Stack<nint> free = [];
    private int used = SlabBytes;

    /// <summary>Host pages handed out and not given back.</summary>
    public long PagesInUse { get; private set; }

    public byte* Rent()
    {
        PagesInUse++;
        if (free.TryPop(out nint page))
        {
            NativeMemory.Clear((void*)page, PageBytes);
            return (byte*)page;
        }
        if (used == SlabBytes)
        {
            // Not cleared as a whole: the OS gives the pages one by one as they are touched.
            slabs.Add((nint)NativeMemory.AlignedAlloc(SlabBytes, PageBytes));
            used = 0;
        }
        byte* fresh = (byte*)slabs[^1] + used;
        used += PageBytes;
        NativeMemory.Clear(fresh, PageBytes);
        return fresh;
    }

    public void Return(byte* page)
    {
        PagesInUse--;
        free.Push((nint)page);
    }

    public void Dispose()
    {
        foreach (nint slab in slabs)
            NativeMemory.AlignedFree((void*)slab);
        slabs.Clear();
        free.Clear();
        used = SlabBytes;
    }
}

using Seamsim.Isa;

namespace Seamsim.Host.Kernel;

/// <summary>
/// Free RAM of the host kernel in 4-KiB pages: single pages reuse the last one freed, contiguous blocks come from the
/// top of a range. It hands out addresses; contents stay whatever they were.
/// </summary>
public sealed class PageAllocator
{
    /// <summary>Bytes of a page.</summary>
    public const ulong PageSize = 4096;

    private readonly List<(ulong Base, ulong End)> free = [];
    private readonly Stack<ulong> singles = [];
    private readonly HashSet<ulong> lent = [];
    private readonly HashSet<ulong> blocks = [];

    /// <summary>
    /// All of <paramref name="ranges"/> but <paramref name="reserved"/> is free; both in bytes, cut to pages.
    /// </summary>
    public PageAllocator(
        IReadOnlyList<(ulong Base, ulong Bytes)> ranges, IReadOnlyList<(ulong Base, ulong Bytes)> reserved)
    {
        foreach ((ulong start, ulong bytes) in ranges)
            free.Add(((start + PageSize - 1) & ~(PageSize - 1), (start + bytes) & ~(PageSize - 1)));
        foreach ((ulong start, ulong bytes) in reserved)
            CutOut(start & ~(PageSize - 1), (start + bytes + PageSize - 1) & ~(PageSize - 1));
        free.RemoveAll(r => r.Base >= r.End);
        free.Sort();
    }

    /// <summary>Single pages handed out and not yet freed.</summary>
    public int PagesInUse => lent.Count;

    /// <summary>One page, or false when memory is used up.</summary>
    public bool TryAllocate(out Hpa page)
    {
        page = default;
        if (!singles.TryPop(out ulong address))
        {
            if (free.Count == 0)
                return false;
            (address, ulong end) = free[0];
            free[0] = (address + PageSize, end);
            if (address + PageSize == end)
                free.RemoveAt(0);
        }
        lent.Add(address);
        page = new Hpa(address);
        return true;
    }

    /// <summary>Gives a page back; a page that is not out is a bug of the caller.</summary>
    public void Free(Hpa page)
    {
        if (!lent.Remove(page.Value))
            throw new InvalidOperationException($"page {page} is freed but not allocated");
        singles.Push(page.Value);
    }

    /// <summary>
    /// A contiguous block aligned to <paramref name="alignment"/> (a power of two), from the top of the free space
    /// inside [<paramref name="from"/>, <paramref name="to"/>) if there is one, else from the highest that fits.
    /// </summary>
    public bool TryAllocateBlock(ulong bytes, ulong alignment, ulong from, ulong to, out Hpa block) =>
        TryCut(bytes, alignment, from, to, out block) || TryCut(bytes, alignment, 0, ulong.MaxValue, out block);

    /// <summary>Gives a contiguous block back.</summary>
    public void FreeBlock(Hpa block, ulong bytes)
    {
        if (!blocks.Remove(block.Value))
            throw new InvalidOperationException($"block {block} is freed but not allocated");
        free.Add((block.Value, block.Value + RoundUp(bytes)));
        free.Sort();
        for (int i = free.Count - 1; i > 0; i--)
            if (free[i - 1].End == free[i].Base)
            {
                free[i - 1] = (free[i - 1].Base, free[i].End);
                free.RemoveAt(i);
            }
    }

    private bool TryCut(ulong bytes, ulong alignment, ulong from, ulong to, out Hpa block)
    {
        bytes = RoundUp(bytes);
        for (int i = free.Count - 1; i >= 0; i--)
        {
            ulong low = Math.Max(free[i].Base, from), high = Math.Min(free[i].End, to);
            if (high < low || high - low < bytes)
                continue;
            ulong start = (high - bytes) & ~(alignment - 1);
            if (start < low)
                continue;
            CutOut(start, start + bytes);
            blocks.Add(start);
            block = new Hpa(start);
            return true;
        }
        block = default;
        return false;
    }

    private void CutOut(ulong start, ulong end)
    {
        for (int i = free.Count - 1; i >= 0; i--)
        {
            (ulong low, ulong high) = free[i];
            if (end <= low || start >= high)
                continue;
            free.RemoveAt(i);
            if (end < high)
                free.Insert(i, (end, high));
            if (low < start)
                free.Insert(i, (low, start));
        }
    }

    private static ulong RoundUp(ulong bytes) => (bytes + PageSize - 1) & ~(PageSize - 1);
}

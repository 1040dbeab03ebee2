using Seamsim.Isa;

namespace Seamsim.Host.Kernel;

/// <summary>The memory of a user process as system calls reach it; a bad address answers false (-EFAULT).</summary>
public interface IUserMemory
{
    /// <summary>copy_from_user: false when a byte is not readable; the destination is then undefined.</summary>
    bool TryRead(ulong address, Span<byte> destination);

    /// <summary>copy_to_user: false when a byte is not writable.</summary>
    bool TryWrite(ulong address, ReadOnlySpan<byte> source);

    /// <summary>get_user_pages: the physical page behind a user page; false when nothing is mapped there.</summary>
    bool TryPin(ulong address, out Hpa page);
}

/// <summary>The address space of one process: regions whose pages appear, zeroed, on first touch.</summary>
public sealed class UserSpace(HostKernel kernel) : IUserMemory
{
    private const ulong FirstAddress = 0x7F00_0000_0000;
    private readonly List<(ulong Base, ulong End, bool Writable)> regions = [];
    private readonly SortedDictionary<ulong, Hpa> pages = [];
    private ulong next = FirstAddress;

    /// <summary>Maps anonymous memory (mmap); an unmapped page follows every region.</summary>
    public ulong Map(ulong bytes, bool writable = true)
    {
        ulong address = next;
        ulong end = address + ((bytes + PageAllocator.PageSize - 1) & ~(PageAllocator.PageSize - 1));
        regions.Add((address, end, writable));
        next = end + PageAllocator.PageSize;
        return address;
    }

    /// <summary>Copies bytes into memory the process may only read afterwards or not: a file mapping.</summary>
    public ulong MapBytes(ReadOnlySpan<byte> bytes, bool writable = true)
    {
        ulong address = Map((ulong)Math.Max(bytes.Length, 1), writable);
        Copy(address, bytes);
        return address;
    }

    /// <summary>Unmaps the region that begins at an address and gives its pages back.</summary>
    public void Unmap(ulong address)
    {
        int at = regions.FindIndex(region => region.Base == address);
        if (at < 0)
            return;
        (ulong start, ulong end, _) = regions[at];
        regions.RemoveAt(at);
        for (ulong page = start; page < end; page += PageAllocator.PageSize)
            if (pages.Remove(page, out Hpa frame))
                kernel.Pages.Free(frame);
    }

    /// <summary>Gives all pages back: the process ends.</summary>
    public void Release()
    {
        foreach (Hpa page in pages.Values)
            kernel.Pages.Free(page);
        pages.Clear();
        regions.Clear();
    }

    /// <inheritdoc/>
    public bool TryRead(ulong address, Span<byte> destination)
    {
        if (!Allows(address, destination.Length, write: false))
            return false;
        for (int done = 0; done < destination.Length;)
        {
            if (!TryPin(address + (ulong)done, out Hpa page))
                return false;
            int offset = (int)((address + (ulong)done) & 0xFFF);
            int count = Math.Min(4096 - offset, destination.Length - done);
            kernel.Platform.Memory.Read(page + (ulong)offset, destination.Slice(done, count));
            done += count;
        }
        return true;
    }

    /// <inheritdoc/>
    public bool TryWrite(ulong address, ReadOnlySpan<byte> source) =>
        Allows(address, source.Length, write: true) && Copy(address, source);

    /// <inheritdoc/>
    public bool TryPin(ulong address, out Hpa page)
    {
        ulong start = address & ~(PageAllocator.PageSize - 1);
        if (pages.TryGetValue(start, out page))
            return true;
        if (!Allows(start, 1, write: false) || !kernel.TryZeroedPage(out page))
            return false;
        pages.Add(start, page);
        return true;
    }

    private bool Copy(ulong address, ReadOnlySpan<byte> source)
    {
        for (int done = 0; done < source.Length;)
        {
            if (!TryPin(address + (ulong)done, out Hpa page))
                return false;
            int offset = (int)((address + (ulong)done) & 0xFFF);
            int count = Math.Min(4096 - offset, source.Length - done);
            kernel.Platform.Memory.Write(page + (ulong)offset, source.Slice(done, count));
            done += count;
        }
        return true;
    }

    private bool Allows(ulong address, int bytes, bool write)
    {
        ulong end = address + (ulong)bytes;
        foreach ((ulong low, ulong high, bool writable) in regions)
            if (address >= low && end <= high && end >= address)
                return writable || !write;
        return false;
    }
}

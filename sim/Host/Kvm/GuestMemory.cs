using Seamsim.Host.Kernel;
using Seamsim.Isa;

namespace Seamsim.Host.Kvm;

/// <summary>guest_memfd: pages only a guest can have; they appear on first use and go one by one.</summary>
public sealed class GuestMemfd(HostKernel kernel)
{
    private readonly SortedDictionary<ulong, Hpa> pages = [];

    /// <summary>Whether the file was closed.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Pages in the file.</summary>
    public int PageCount => pages.Count;

    /// <summary>The page at a page index, allocated if need be; false when memory is used up.</summary>
    public bool TryGetPage(ulong index, out Hpa page)
    {
        if (pages.TryGetValue(index, out page))
            return true;
        if (!kernel.TryZeroedPage(out page))
            return false;
        pages.Add(index, page);
        return true;
    }

    /// <summary>Frees a page (punch hole).</summary>
    public void Free(ulong index)
    {
        if (pages.Remove(index, out Hpa page))
            kernel.Pages.Free(page);
    }

    /// <summary>Forgets a page that the module still holds: it is lost.</summary>
    public void Leak(ulong index) => pages.Remove(index);

    /// <summary>Closes the file; the VM has given its pages back before.</summary>
    public void Close()
    {
        IsClosed = true;
        foreach (Hpa page in pages.Values)
            kernel.Pages.Free(page);
        pages.Clear();
    }
}

/// <summary>
/// A memory slot: guest-physical addresses with user memory for shared and guest_memfd for private accesses.
/// </summary>
/// <param name="Gpa">First guest-physical address.</param>
/// <param name="Bytes">Length.</param>
/// <param name="User">The process that gave the memory.</param>
/// <param name="UserAddress">Address in it.</param>
/// <param name="Memfd">File of the private pages, or null.</param>
public sealed record MemorySlot(ulong Gpa, ulong Bytes, IUserMemory User, ulong UserAddress, GuestMemfd? Memfd)
{
    /// <summary>Whether an address lies in the slot.</summary>
    public bool Contains(ulong gpa) => gpa - Gpa < Bytes;

    /// <summary>Page index in <see cref="Memfd"/> of an address.</summary>
    public ulong IndexOf(ulong gpa) => (gpa - Gpa) >> 12;
}

/// <summary>The memory slots of a VM and which pages are private.</summary>
public sealed class GuestMemory
{
    private readonly List<MemorySlot> slots = [];
    private readonly List<(ulong Start, ulong End)> privateRanges = [];

    /// <summary>The slots.</summary>
    public IReadOnlyList<MemorySlot> Slots => slots;

    /// <summary>
    /// KVM_SET_USER_MEMORY_REGION2: -EINVAL when unaligned or empty, -EEXIST when it overlaps another slot.
    /// </summary>
    public Errno Add(MemorySlot slot)
    {
        if (slot.Bytes == 0 || ((slot.Gpa | slot.Bytes | slot.UserAddress) & 0xFFF) != 0)
            return Errno.EINVAL;
        foreach (MemorySlot other in slots)
            if (slot.Gpa < other.Gpa + other.Bytes && other.Gpa < slot.Gpa + slot.Bytes)
                return Errno.EEXIST;
        slots.Add(slot);
        return Errno.Ok;
    }

    /// <summary>The slot of an address (without shared bit), or null.</summary>
    public MemorySlot? Find(ulong gpa) => slots.Find(slot => slot.Contains(gpa));

    /// <summary>Whether the attribute PRIVATE is set for an address.</summary>
    public bool IsPrivate(ulong gpa) => privateRanges.Exists(range => gpa >= range.Start && gpa < range.End);

    /// <summary>Sets or clears the attribute PRIVATE; bookkeeping only.</summary>
    public void SetPrivate(ulong start, ulong bytes, bool isPrivate)
    {
        ulong end = start + bytes;
        for (int i = privateRanges.Count - 1; i >= 0; i--)
        {
            (ulong low, ulong high) = privateRanges[i];
            if (end <= low || start >= high)
                continue;
            privateRanges.RemoveAt(i);
            if (low < start)
                privateRanges.Add((low, start));
            if (high > end)
                privateRanges.Add((end, high));
        }
        if (isPrivate)
            privateRanges.Add((start, end));
        privateRanges.Sort();
    }
}

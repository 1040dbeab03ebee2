using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Loader;

/// <summary>
/// Builds the four-level page tables of SEAM software. Tables come from a pool in the SEAM range, upwards from its
/// start; SDM vol. 3A, 4.5.
/// </summary>
internal sealed class SeamPageTables
{
    private const ulong Present = 1, Writable = 2, Accessed = 1UL << 5, Dirty = 1UL << 6, Large = 1UL << 7;
    private const ulong NoExecute = 1UL << 63, Address = 0x000F_FFFF_FFFF_F000;

    private readonly ISeamPlatform p;
    private readonly ulong end;
    private ulong next;

    /// <summary>A pool of zeroed pages; its first page becomes the PML4 table.</summary>
    public SeamPageTables(ISeamPlatform p, ulong pool, ulong bytes)
    {
        (this.p, end) = (p, pool + bytes);
        Root = pool;
        next = pool + 0x1000;
    }

    /// <summary>The value for CR3.</summary>
    public ulong Root { get; }

    /// <summary>Maps a region with 4-KiB pages.</summary>
    public void Map(ulong linear, ulong physical, ulong bytes, bool write, bool execute)
    {
        for (ulong done = 0; done < bytes; done += 0x1000)
            p.Write(Slot(linear + done, level: 0), Leaf(physical + done, write, execute));
    }

    /// <summary>Maps a region with 2-MiB pages.</summary>
    public void MapLarge(ulong linear, ulong physical, ulong bytes, bool write, bool execute)
    {
        for (ulong done = 0; done < bytes; done += 2UL << 20)
            p.Write(Slot(linear + done, level: 1), Leaf(physical + done, write, execute) | Large);
    }

    private static ulong Leaf(ulong physical, bool write, bool execute) =>
        physical | Present | Accessed | Dirty | (write ? Writable : 0) | (execute ? 0 : NoExecute);

    /// <summary>The entry of a linear address in the table of a level; tables on the way appear as needed.</summary>
    private Hpa Slot(ulong linear, int level)
    {
        ulong table = Root;
        for (int at = 3; at > level; at--)
        {
            Hpa slot = new(table + ((linear >> (12 + 9 * at)) & 511) * 8);
            ulong entry = p.Read<ulong>(slot);
            if ((entry & Present) == 0)
                p.Write(slot, entry = Take() | Present | Writable | Accessed);
            table = entry & Address;
        }
        return new Hpa(table + ((linear >> (12 + 9 * level)) & 511) * 8);
    }

    private ulong Take()
    {
        // The layout reserves tables for every region before anything is mapped.
        if (next >= end)
            throw new InvalidOperationException("the pool of SEAM page tables is too small");
        ulong page = next;
        next += 0x1000;
        return page;
    }
}

using System.Buffers.Binary;

namespace Seamsim.Host.Guests;

/// <summary>How a built-in guest maps its memory, always to itself.</summary>
internal enum GuestPaging
{
    /// <summary>Four levels, 2-MiB pages: the least work for the page walker.</summary>
    Large,

    /// <summary>Four levels; 4-KiB pages where the guest lives.</summary>
    FourLevels,

    /// <summary>Five levels (CR4.LA57); 4-KiB pages where the guest lives.</summary>
    FiveLevels,
}

/// <summary>
/// Where a built-in guest keeps things, and the tables it starts with. Everything is identity-mapped.
/// </summary>
internal static class GuestLayout
{
    /// <summary>GDT, IDT and the operands of LGDT and LIDT: one page.</summary>
    public const uint Descriptors = 0x1000, GdtOperand = Descriptors + 0x100, IdtOperand = Descriptors + 0x110,
        Idt = Descriptors + 0x200;

    /// <summary>PML4, PDPT, page directory, and the page table of the first 2 MiB when pages are small.</summary>
    public const uint PageTables = 0x2000;

    /// <summary>The fifth level, when there is one.</summary>
    public const uint Pml5 = 0x20000;

    /// <summary>Zero-terminated texts.</summary>
    public const uint Texts = 0x6000, TextBytes = 0x2000;

    /// <summary>Zeroed memory: the stack grows down from <see cref="StackTop"/>, buffers follow it.</summary>
    public const uint Scratch = 0x8000, StackTop = 0xC000, Buffers = 0xC000, ScratchBytes = 0x8000;

    /// <summary>Code: 32-bit entry, 64-bit entry.</summary>
    public const uint Entry32 = 0x10000, Entry64 = 0x10100;

    /// <summary>The page of the reset vector.</summary>
    public const uint ResetPage = 0xFFFFF000, ResetVector = 0xFFFFFFF0;

    /// <summary>Selectors of the GDT.</summary>
    public const ushort CodeSelector = 0x08, DataSelector = 0x10;

    /// <summary>#VE.</summary>
    public const int VirtualizationException = 20;

    private const int IdtEntries = 32;
    private const ulong Code64 = 0x00AF_9B00_0000_FFFF, Data = 0x00CF_9300_0000_FFFF;
    private const ulong Present = 1, Writable = 2, Accessed = 1 << 5, Dirty = 1 << 6, Large = 1 << 7;
    private const ulong Table = Present | Writable | Accessed;
    private const ulong Leaf = Present | Writable | Accessed | Dirty | Large;

    /// <summary>GDT with flat 64-bit code and data; every vector goes to <paramref name="fault"/> but #VE.</summary>
    public static byte[] DescriptorPage(uint virtualizationException, uint fault)
    {
        byte[] page = new byte[0x1000];
        Qword(page, CodeSelector, Code64);
        Qword(page, DataSelector, Data);
        BinaryPrimitives.WriteUInt16LittleEndian(At(page, GdtOperand), 0x17);
        BinaryPrimitives.WriteUInt64LittleEndian(At(page, GdtOperand + 2), Descriptors);
        BinaryPrimitives.WriteUInt16LittleEndian(At(page, IdtOperand), IdtEntries * 16 - 1);
        BinaryPrimitives.WriteUInt64LittleEndian(At(page, IdtOperand + 2), Idt);
        for (uint vector = 0; vector < IdtEntries; vector++)
            InterruptGate(At(page, Idt + vector * 16), vector == VirtualizationException ? virtualizationException : fault);
        return page;
    }

    /// <summary>The first gigabyte through 2-MiB pages; its first 2 MiB through 4-KiB pages if wanted.</summary>
    public static byte[] PageTablePages(GuestPaging paging)
    {
        byte[] pages = new byte[paging == GuestPaging.Large ? 0x3000 : 0x4000];
        Qword(pages, 0, (PageTables + 0x1000) | Table);
        Qword(pages, 0x1000, (PageTables + 0x2000) | Table);
        for (int i = 0; i < 512; i++)
            Qword(pages, 0x2000 + i * 8, ((ulong)i << 21) | Leaf);
        if (paging == GuestPaging.Large)
            return pages;
        Qword(pages, 0x2000, (PageTables + 0x3000) | Table);
        for (int i = 0; i < 512; i++)
            Qword(pages, 0x3000 + i * 8, ((ulong)i << 12) | (Leaf & ~Large));
        return pages;
    }

    /// <summary>A PML5 with one entry.</summary>
    public static byte[] Pml5Page()
    {
        byte[] page = new byte[0x1000];
        Qword(page, 0, PageTables | Table);
        return page;
    }

    // Present, DPL 0, 64-bit interrupt gate. SDM vol. 3A, figure 7-8.
    private static void InterruptGate(Span<byte> gate, uint handler)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(gate, (ushort)handler);
        BinaryPrimitives.WriteUInt16LittleEndian(gate[2..], CodeSelector);
        BinaryPrimitives.WriteUInt16LittleEndian(gate[4..], 0x8E00);
        BinaryPrimitives.WriteUInt16LittleEndian(gate[6..], (ushort)(handler >> 16));
    }

    private static Span<byte> At(byte[] page, uint address) => page.AsSpan((int)(address - Descriptors));

    private static void Qword(byte[] bytes, int offset, ulong value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(offset), value);
}

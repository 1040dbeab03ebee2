using Seamsim.Host.Guests;
using Seamsim.Loading;

namespace Seamsim.Guests;

/// <summary>A 64-bit ELF executable as the memory of a guest.</summary>
internal static class ElfFile
{
    private const ulong PageMask = 4095, Limit = 0xFFFF_8000;

    /// <summary>Whether the bytes begin as an ELF file does.</summary>
    public static bool IsElf(ReadOnlySpan<byte> file) => ElfProgram.IsElf(file);

    /// <summary>Reads entry and segments by physical address; false: what is wrong with the file.</summary>
    public static bool TryRead(ReadOnlySpan<byte> file, out ulong entry, List<GuestRegion> regions, out string wrong)
    {
        entry = 0;
        if (ElfProgram.Read(file, out wrong) is not { } program)
            return false;
        wrong = "expected a 64-bit little-endian x86-64 ELF executable";
        if (!program.IsX64)
            return false;
        entry = program.Entry;
        SortedDictionary<ulong, byte[]> pages = [];
        foreach (ElfSegment segment in program.Segments)
        {
            wrong = $"the segment at 0x{segment.Physical:X} does not fit the memory below 0x{Limit:X}";
            if (segment.Physical > Limit || segment.InMemory > Limit - segment.Physical
                || segment.InMemory > GuestLoader.MaxBytes)
                return false;
            Add(file, segment, pages);
        }
        foreach ((ulong page, byte[] bytes) in pages)
            regions.Add(new GuestRegion(page, bytes));
        wrong = "";
        return true;
    }

    /// <summary>Segments may share a page: contents are gathered page by page.</summary>
    private static void Add(ReadOnlySpan<byte> file, in ElfSegment segment, SortedDictionary<ulong, byte[]> pages)
    {
        ulong address = segment.Physical, inFile = (ulong)segment.InFile;
        for (ulong page = address & ~PageMask; page < address + segment.InMemory; page += PageMask + 1)
        {
            if (!pages.TryGetValue(page, out byte[]? bytes))
                pages.Add(page, bytes = new byte[PageMask + 1]);
            ulong from = Math.Max(page, address), to = Math.Min(page + PageMask + 1, address + inFile);
            if (from < to)
                file.Slice((int)((ulong)segment.Offset + from - address), (int)(to - from))
                    .CopyTo(bytes.AsSpan((int)(from - page)));
        }
    }
}

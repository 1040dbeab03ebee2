using System.Buffers.Binary;
using Seamsim.Host.Guests;

namespace Seamsim.Guests;

/// <summary>The loadable segments of an x86-64 ELF executable. System V ABI, "ELF Header", "Program Header".</summary>
internal static class ElfFile
{
    private const int HeaderBytes = 64, ProgramHeaderBytes = 56, Load = 1, MachineX8664 = 62;
    private const ulong PageMask = 4095, Limit = 0xFFFF_8000;

    /// <summary>Whether the bytes begin as an ELF file does.</summary>
    public static bool IsElf(ReadOnlySpan<byte> file) => file.StartsWith("\x7F"u8) && file[1..].StartsWith("ELF"u8);

    /// <summary>Reads entry and segments by physical address; false: what is wrong with the file.</summary>
    public static bool TryRead(ReadOnlySpan<byte> file, out ulong entry, List<GuestRegion> regions, out string wrong)
    {
        entry = 0;
        wrong = "expected a 64-bit little-endian x86-64 ELF executable";
        if (file.Length < HeaderBytes || file[4] != 2 || file[5] != 1
            || BinaryPrimitives.ReadUInt16LittleEndian(file[18..]) != MachineX8664)
            return false;
        entry = BinaryPrimitives.ReadUInt64LittleEndian(file[24..]);
        ulong table = BinaryPrimitives.ReadUInt64LittleEndian(file[32..]);
        int size = BinaryPrimitives.ReadUInt16LittleEndian(file[54..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(file[56..]);
        wrong = "the program headers lie outside the file";
        if (size < ProgramHeaderBytes || table > (ulong)file.Length
            || (ulong)count * (ulong)size > (ulong)file.Length - table)
            return false;
        SortedDictionary<ulong, byte[]> pages = [];
        for (int i = 0; i < count; i++)
            if (!TryAddSegment(file, file[((int)table + (i * size))..], pages, out wrong))
                return false;
        wrong = "there is nothing to load";
        if (pages.Count == 0)
            return false;
        foreach ((ulong page, byte[] bytes) in pages)
            regions.Add(new GuestRegion(page, bytes));
        return true;
    }

    /// <summary>Segments may share a page: contents are gathered page by page.</summary>
    private static bool TryAddSegment(
        ReadOnlySpan<byte> file, ReadOnlySpan<byte> header, SortedDictionary<ulong, byte[]> pages, out string wrong)
    {
        wrong = "";
        if (BinaryPrimitives.ReadUInt32LittleEndian(header) != Load)
            return true;
        ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(header[8..]);
        ulong address = BinaryPrimitives.ReadUInt64LittleEndian(header[24..]);
        ulong inFile = BinaryPrimitives.ReadUInt64LittleEndian(header[32..]);
        ulong inMemory = BinaryPrimitives.ReadUInt64LittleEndian(header[40..]);
        wrong = $"the segment at 0x{address:X} does not fit the file or the memory below 0x{Limit:X}";
        if (offset > (ulong)file.Length || inFile > (ulong)file.Length - offset || inFile > inMemory
            || address > Limit || inMemory > Limit - address || inMemory > GuestLoader.MaxBytes)
            return false;
        for (ulong page = address & ~PageMask; page < address + inMemory; page += PageMask + 1)
        {
            if (!pages.TryGetValue(page, out byte[]? bytes))
                pages.Add(page, bytes = new byte[PageMask + 1]);
            ulong from = Math.Max(page, address), to = Math.Min(page + PageMask + 1, address + inFile);
            if (from < to)
                file.Slice((int)(offset + from - address), (int)(to - from)).CopyTo(bytes.AsSpan((int)(from - page)));
        }
        wrong = "";
        return true;
    }
}

using System.Buffers.Binary;

namespace Seamsim.Loading;

/// <summary>The header that makes a file bootable. Multiboot Specification 0.6.96, 3.1.</summary>
/// <param name="Offset">Where it lies in the file.</param>
/// <param name="Flags">Its flags.</param>
/// <param name="HeaderAddress">header_addr, with the fields behind it when <see cref="HasAddresses"/>.</param>
/// <param name="LoadAddress">load_addr.</param>
/// <param name="LoadEnd">load_end_addr; 0: text and data reach to the end of the file.</param>
/// <param name="BssEnd">bss_end_addr; 0: there is no bss.</param>
/// <param name="Entry">entry_addr.</param>
internal readonly record struct MultibootHeader(
    int Offset, uint Flags, uint HeaderAddress, uint LoadAddress, uint LoadEnd, uint BssEnd, uint Entry)
{
    private const uint Magic = 0x1BADB002;
    private const int SearchBytes = 8192, AddressBytes = 32, FixedBytes = 12;
    private const uint AlignModules = 1 << 0, MemoryInformation = 1 << 1, Addresses = 1 << 16, Required = 0xFFFF;

    /// <summary>The addresses in the header tell where to load the file, not the file's own format.</summary>
    public bool HasAddresses => (Flags & Addresses) != 0;

    /// <summary>
    /// What the image requires (flags 15:0) and nothing here provides: an image with one of these must not be loaded.
    /// </summary>
    public uint Unprovided => Flags & Required & ~(AlignModules | MemoryInformation);

    /// <summary>Finds the header in the first 8 KiB, 4-byte aligned; null: there is none.</summary>
    public static MultibootHeader? Find(ReadOnlySpan<byte> file)
    {
        ReadOnlySpan<byte> searched = file[..Math.Min(file.Length, SearchBytes)];
        for (int at = 0; at + FixedBytes <= searched.Length; at += 4)
        {
            uint flags = Field(file, at + 4);
            if (Field(file, at) != Magic || unchecked(Magic + flags + Field(file, at + 8)) != 0)
                continue;
            if ((flags & Addresses) == 0)
                return new MultibootHeader(at, flags, 0, 0, 0, 0, 0);
            if (at + AddressBytes <= searched.Length)
                return new MultibootHeader(at, flags, Field(file, at + 12), Field(file, at + 16), Field(file, at + 20),
                    Field(file, at + 24), Field(file, at + 28));
        }
        return null;
    }

    private static uint Field(ReadOnlySpan<byte> file, int at) => BinaryPrimitives.ReadUInt32LittleEndian(file[at..]);
}

namespace Seamsim.Loading;

/// <summary>Bytes at a physical address, and zeros behind them.</summary>
/// <param name="Address">Where they go.</param>
/// <param name="Bytes">What goes there.</param>
/// <param name="Length">Bytes with the zeros.</param>
internal readonly record struct LoadedRange(ulong Address, ReadOnlyMemory<byte> Bytes, ulong Length)
{
    /// <summary>First byte behind it.</summary>
    public ulong End => Address + Length;
}

/// <summary>
/// A Multiboot image: what to load where, and where to start. Multiboot Specification 0.6.96, 3.1.3: the addresses in
/// the header where it has them, else ELF. ELF files of either class are taken, as GRUB does.
/// </summary>
internal sealed class MultibootImage
{
    private const ulong AddressLimit = 1UL << 32;

    private MultibootImage(IReadOnlyList<LoadedRange> ranges, uint entry) => (Ranges, Entry) = (ranges, entry);

    /// <summary>What is loaded, in order: a later range lies over an earlier one.</summary>
    public IReadOnlyList<LoadedRange> Ranges { get; }

    /// <summary>Physical address of the first instruction, in 32-bit protected mode.</summary>
    public uint Entry { get; }

    /// <summary>Reads an image; null: what is wrong with it, on one line.</summary>
    public static MultibootImage? Read(byte[] file, out string wrong)
    {
        wrong = "no Multiboot header (magic 0x1BADB002) in the first 8 KiB";
        if (MultibootHeader.Find(file) is not { } header)
            return null;
        wrong = $"the Multiboot header requires what this machine does not provide: flags 0x{header.Unprovided:X}";
        if (header.Unprovided != 0)
            return null;
        return header.HasAddresses ? FromAddresses(file, header, out wrong) : FromElf(file, out wrong);
    }

    private static MultibootImage? FromAddresses(byte[] file, MultibootHeader header, out string wrong)
    {
        wrong = "the addresses in the Multiboot header contradict each other or the file";
        long start = header.Offset - ((long)header.HeaderAddress - header.LoadAddress);
        long bytes = header.LoadEnd == 0 ? file.Length - start : (long)header.LoadEnd - header.LoadAddress;
        if (header.HeaderAddress < header.LoadAddress || start < 0 || bytes <= 0 || bytes > file.Length - start
            || (ulong)bytes > AddressLimit - header.LoadAddress)
            return null;
        long length = header.BssEnd == 0 ? bytes : (long)header.BssEnd - header.LoadAddress;
        if (length < bytes)
            return null;
        wrong = "";
        return new MultibootImage(
            [new LoadedRange(header.LoadAddress, file.AsMemory((int)start, (int)bytes), (ulong)length)], header.Entry);
    }

    private static MultibootImage? FromElf(byte[] file, out string wrong)
    {
        if (ElfProgram.Read(file, out wrong) is not { } program)
            return null;
        List<LoadedRange> ranges = [];
        foreach (ElfSegment segment in program.Segments)
        {
            wrong = $"the segment at 0x{segment.Physical:X} does not lie below 4 GiB";
            if (segment.Physical >= AddressLimit || segment.InMemory > AddressLimit - segment.Physical)
                return null;
            ranges.Add(new LoadedRange(
                segment.Physical, file.AsMemory(segment.Offset, segment.InFile), segment.InMemory));
        }
        wrong = $"the entry point 0x{program.PhysicalEntry:X} does not lie below 4 GiB";
        if (program.PhysicalEntry >= AddressLimit)
            return null;
        wrong = "";
        return new MultibootImage(ranges, (uint)program.PhysicalEntry);
    }
}

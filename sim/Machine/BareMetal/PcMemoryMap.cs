namespace Seamsim.BareMetal;

/// <summary>What a region of the memory map is. Multiboot Specification 0.6.96, 3.3: type 1 is available RAM.</summary>
internal enum PcMemoryType : uint
{
    /// <summary>RAM for whoever boots.</summary>
    Available = 1,

    /// <summary>Not to be used.</summary>
    Reserved = 2,
}

/// <summary>A region of the memory map.</summary>
/// <param name="Base">First byte.</param>
/// <param name="Bytes">Length.</param>
/// <param name="Type">What it is.</param>
internal readonly record struct PcMemoryRegion(ulong Base, ulong Bytes, PcMemoryType Type);

/// <summary>
/// The memory of a PC: 640 KiB below the legacy hole with an extended BIOS data area at their end, then from 1 MiB to
/// at most 3 GiB, then from 4 GiB on.
/// </summary>
internal sealed class PcMemoryMap
{
    /// <summary>Least memory of a machine.</summary>
    public const ulong MinimumBytes = 2 * Mebibyte;

    /// <summary>Most memory of a machine.</summary>
    public const ulong MaximumBytes = 4UL << 40;

    private const ulong Mebibyte = 1 << 20, Gibibyte = 1 << 30;
    private const ulong LegacyHole = 0xA_0000, BiosDataArea = 0x9_FC00, BiosRom = 0xF_0000;
    private const ulong LowLimit = 3 * Gibibyte, HighStart = 4 * Gibibyte;
    private readonly List<PcMemoryRegion> regions = [];

    /// <summary>The map of a machine with this much memory.</summary>
    public PcMemoryMap(ulong bytes)
    {
        ulong low = Math.Min(bytes, LowLimit);
        UpperBytes = low - Mebibyte;
        regions.Add(new(0, BiosDataArea, PcMemoryType.Available));
        regions.Add(new(BiosDataArea, LegacyHole - BiosDataArea, PcMemoryType.Reserved));
        regions.Add(new(BiosRom, Mebibyte - BiosRom, PcMemoryType.Reserved));
        regions.Add(new(Mebibyte, UpperBytes, PcMemoryType.Available));
        Ranges = [(0, LegacyHole), (Mebibyte, UpperBytes)];
        if (bytes <= low)
            return;
        regions.Add(new(HighStart, bytes - low, PcMemoryType.Available));
        Ranges = [.. Ranges, (HighStart, bytes - low)];
    }

    /// <summary>Available memory from address 0 on.</summary>
    public ulong LowerBytes => BiosDataArea;

    /// <summary>Available memory from 1 MiB to the first hole.</summary>
    public ulong UpperBytes { get; }

    /// <summary>The map as an image sees it, ascending.</summary>
    public IReadOnlyList<PcMemoryRegion> Regions => regions;

    /// <summary>Where RAM answers (base, bytes), ascending.</summary>
    public IReadOnlyList<(ulong Base, ulong Bytes)> Ranges { get; }

    /// <summary>Whether a range lies inside one available region.</summary>
    public bool IsAvailable(ulong start, ulong bytes)
    {
        foreach (PcMemoryRegion region in regions)
            if (region.Type == PcMemoryType.Available && start >= region.Base && bytes <= region.Bytes
                && start - region.Base <= region.Bytes - bytes)
                return true;
        return false;
    }
}

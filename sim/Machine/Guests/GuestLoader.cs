using Seamsim.Configuration;
using Seamsim.Host.Guests;

namespace Seamsim.Guests;

/// <summary>Finds what a TD runs: a built-in guest by name, or a file.</summary>
internal static class GuestLoader
{
    /// <summary>Largest file that is loaded.</summary>
    public const int MaxBytes = 64 << 20;

    /// <summary>Where a flat binary is loaded and entered, in 64-bit mode.</summary>
    public const ulong FlatBase = 0x10_0000;

    /// <summary>The guest of a plan.</summary>
    /// <exception cref="ConfigurationException">There is no such guest, or the file cannot be used.</exception>
    public static GuestImage Load(TdPlan plan, string directory)
    {
        if (BuiltInGuests.Find(plan.Guest) is { } builtIn)
            return builtIn;
        string path = Path.Combine(directory, plan.Guest);
        if (!File.Exists(path))
            throw new ConfigurationException(
                $"{plan.Name}: guest \"{plan.Guest}\": expected one of "
                + $"{string.Join(", ", BuiltInGuests.Names)}, or a file");
        if (new FileInfo(path).Length is 0 or > MaxBytes)
            throw new ConfigurationException($"{path}: expected 1..{MaxBytes} bytes");
        return FromFile(plan.Guest, File.ReadAllBytes(path), path);
    }

    private static GuestImage FromFile(string name, byte[] file, string path)
    {
        List<GuestRegion> regions = [];
        ulong entry = FlatBase;
        if (!ElfFile.IsElf(file))
            regions.Add(new GuestRegion(FlatBase, file));
        else if (!ElfFile.TryRead(file, out entry, regions, out string wrong))
            throw new ConfigurationException($"{path}: {wrong}");
        regions.Add(LongModeBoot.For(entry));
        return new GuestImage(name, regions);
    }
}

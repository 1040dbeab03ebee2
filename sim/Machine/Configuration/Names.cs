using Seamsim.Firmware.Abi;

namespace Seamsim.Configuration;

/// <summary>Leaves and statuses as people write them: by name or by number.</summary>
internal static class Names
{
    private const ulong SeamldrBit = 1UL << 63;

    /// <summary>RAX of a SEAMCALL leaf (P-SEAMLDR leaves with bit 63), or null.</summary>
    public static ulong? Leaf(string text)
    {
        if (SettingReader.TryNumber(text, out ulong number))
            return number;
        return LeafCatalog.Find(text.ToUpperInvariant()) switch
        {
            { Side: LeafSide.Host } leaf    => (ulong)leaf.Number,
            { Side: LeafSide.Seamldr } leaf => SeamldrBit | (uint)leaf.Number,
            _                               => null,
        };
    }

    /// <summary>The name of a SEAMCALL leaf, or its number.</summary>
    public static string OfLeaf(ulong leaf)
    {
        LeafSide side = (leaf & SeamldrBit) != 0 ? LeafSide.Seamldr : LeafSide.Host;
        return LeafCatalog.Find(side, (int)(leaf & 0xFFFF))?.Name ?? $"0x{leaf:X}";
    }

    /// <summary>The name of a TDCALL leaf, or its number.</summary>
    public static string OfGuestLeaf(ulong leaf) =>
        LeafCatalog.Find(LeafSide.Guest, (int)(leaf & 0xFFFF))?.Name ?? $"TDCALL 0x{leaf:X}";

    /// <summary>A status by name or number, with details after <c>|</c>; null when unknown.</summary>
    public static ulong? Status(string text)
    {
        string[] parts = text.Split('|', 2);
        ulong details = 0;
        if (parts.Length == 2 && !SettingReader.TryNumber(parts[1].Trim(), out details))
            return null;
        string name = parts[0].Trim();
        if (SettingReader.TryNumber(name, out ulong number))
            return number | details;
        return StatusNames.Find(name) is { } status ? (ulong)status | details : null;
    }
}

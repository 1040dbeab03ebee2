namespace Seamsim.Firmware.Abi;

/// <summary>Who calls a leaf.</summary>
public enum LeafSide : byte
{
    /// <summary>SEAMCALL to the TDX module (TDH).</summary>
    Host,

    /// <summary>TDCALL (TDG).</summary>
    Guest,

    /// <summary>SEAMCALL with RAX[63] = 1 (P-SEAMLDR).</summary>
    Seamldr,
}

/// <summary>What the ABI says about one leaf.</summary>
/// <param name="Number">RAX[15:0].</param>
/// <param name="Name">e.g. <c>TDH.MNG.INIT</c>.</param>
/// <param name="Side">Who calls it.</param>
/// <param name="MaxVersion">Highest value of RAX[23:16].</param>
/// <param name="Since">First module version with it.</param>
/// <param name="Inputs">Input registers in words.</param>
/// <param name="Outputs">Output registers in words.</param>
/// <param name="Summary">What it does.</param>
/// <param name="Source">Where this is written.</param>
public sealed record LeafInfo(
    int Number, string Name, LeafSide Side, int MaxVersion, string Since, string Inputs, string Outputs, string Summary,
    string Source);

/// <summary>Every leaf of the ABI, from Data/1.5.01/leaves.csv.</summary>
public static class LeafCatalog
{
    private static readonly Lazy<LeafInfo[]> Rows = new(Read);

    /// <summary>All leaves in the table's order.</summary>
    public static IReadOnlyList<LeafInfo> All => Rows.Value;

    /// <summary>The leaf with a number, or null.</summary>
    public static LeafInfo? Find(LeafSide side, int number) =>
        Array.Find(Rows.Value, leaf => leaf.Side == side && leaf.Number == number);

    /// <summary>The leaf with a name (upper case), or null.</summary>
    public static LeafInfo? Find(string name) => Array.Find(Rows.Value, leaf => leaf.Name == name);

    private static LeafInfo[] Read() =>
    [
        .. DataFile.Read($"{ModuleVersion.Default}/leaves.csv").Select(row => new LeafInfo(
            (int)row.Number("number"), row["name"], Side(row["side"]), (int)row.Number("max_version"), row["since"],
            row["inputs"], row["outputs"], row["summary"], row["source"])),
    ];

    private static LeafSide Side(string text) => text switch
    {
        "host" => LeafSide.Host,
        "guest" => LeafSide.Guest,
        "seamldr" => LeafSide.Seamldr,
        _ => throw new InvalidDataException($"leaves.csv: unknown side {text}"),
    };
}

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

/// <summary>In which states of the module a host leaf runs.</summary>
public enum LeafStates : byte
{
    /// <summary>Only when the module is READY.</summary>
    Ready,

    /// <summary>Also before the module is READY, but not after its shutdown.</summary>
    Early,

    /// <summary>Always.</summary>
    Always,
}

/// <summary>What the ABI says about one leaf.</summary>
/// <param name="Number">RAX[15:0].</param>
/// <param name="Name">e.g. <c>TDH.MNG.INIT</c>.</param>
/// <param name="Side">Who calls it.</param>
/// <param name="MaxVersion">Highest value of RAX[23:16].</param>
/// <param name="States">States of the module in which the leaf runs.</param>
/// <param name="Since">First module version with it.</param>
/// <param name="Inputs">Input registers in words.</param>
/// <param name="Outputs">Output registers in words.</param>
/// <param name="Summary">What it does.</param>
/// <param name="Source">Where this is written.</param>
public sealed record LeafInfo(
    int Number, string Name, LeafSide Side, int MaxVersion, LeafStates States, string Since, string Inputs,
        string Outputs, string Summary,
    string Source);

/// <summary>
/// Every leaf of the ABI by number and name, as the newest version knows them: Data/…/leaves.csv. A module asks the
/// tables of its own version.
/// </summary>
public static class LeafCatalog
{
    private static readonly Lazy<LeafInfo[]> Rows = new(() => Read(ModuleVersion.Default));

    /// <summary>All leaves in the table's order.</summary>
    public static IReadOnlyList<LeafInfo> All => Rows.Value;

    /// <summary>The leaf with a number, or null.</summary>
    public static LeafInfo? Find(LeafSide side, int number) =>
        Array.Find(Rows.Value, leaf => leaf.Side == side && leaf.Number == number);

    /// <summary>The leaf with a name (upper case), or null.</summary>
    public static LeafInfo? Find(string name) => Array.Find(Rows.Value, leaf => leaf.Name == name);

    internal static LeafInfo[] Read(ModuleVersion version) =>
    [
        .. DataFile.Read($"{version}/leaves.csv").Select(row => new LeafInfo(
            (int)row.Number("number"), row["name"], Side(row["side"]), (int)row.Number("max_version"),
                States(row["states"]),
            row["since"], row["inputs"], row["outputs"], row["summary"], row["source"])),
    ];

    private static LeafSide Side(string text) => text switch
    {
        "host" => LeafSide.Host,
        "guest" => LeafSide.Guest,
        "seamldr" => LeafSide.Seamldr,
        _ => throw new InvalidDataException($"leaves.csv: unknown side {text}"),
    };

    private static LeafStates States(string text) => text switch
    {
        "ready"  => LeafStates.Ready,
        "early"  => LeafStates.Early,
        "always" => LeafStates.Always,
        _ => throw new InvalidDataException($"leaves.csv: unknown states {text}"),
    };
}

namespace Seamsim.Firmware.Abi;

/// <summary>The ABI's names of status codes and operands, read once from the embedded tables.</summary>
public static class StatusNames
{
    private static readonly Lazy<Dictionary<ulong, string>> Codes = new(() => Read("status-codes.csv"));
    private static readonly Lazy<Dictionary<ulong, string>> Operands = new(() => Read("operand-ids.csv"));

    /// <summary>
    /// The name of the status code (details ignored), e.g. <c>TDX_OPERAND_INVALID</c>; null when unknown.
    /// </summary>
    public static string? Of(TdxStatus status) =>
        Codes.Value.GetValueOrDefault(status.Value) ?? Codes.Value.GetValueOrDefault(status.Code.Value);

    /// <summary>The name of an operand id, e.g. <c>RCX</c>; null when unknown.</summary>
    public static string? Operand(uint id) => Operands.Value.GetValueOrDefault(id);

    /// <summary>The status with the given name (with or without <c>TDX_</c>); null when there is none.</summary>
    public static TdxStatus? Find(string name)
    {
        foreach ((ulong value, string known) in Codes.Value)
            if (known == name || known == "TDX_" + name)
                return new TdxStatus(value);
        return null;
    }

    private static Dictionary<ulong, string> Read(string file)
    {
        Dictionary<ulong, string> names = [];
        foreach (DataRow row in DataFile.Read($"{ModuleVersion.Default}/{file}"))
            names.Add(row.Number("value"), row["name"]);
        return names;
    }
}

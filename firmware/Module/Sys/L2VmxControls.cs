using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>The rows of Data/1.5.01/td-vmx-controls-l2.csv: what the VMCS of an L2 VM needs of the processor.</summary>
internal static class L2VmxControls
{
    private static readonly Lazy<TdControlRow[]> Table = new(() =>
    [
        .. DataFile.Read($"{ModuleVersion.Default}/td-vmx-controls-l2.csv").Select(row => new TdControlRow(
            Enum.Parse<TdControlWord>(row["word"]), (uint)row.Number("msr"), row.Number("init"), row.Number("variable"),
            row.Number("unknown"))),
    ]);

    /// <summary>All rows in the order SYS.INIT checks them.</summary>
    public static IReadOnlyList<TdControlRow> Rows => Table.Value;
}

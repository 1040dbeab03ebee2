namespace Seamsim.Firmware.Abi;

/// <summary>Which leaves may run in which OP_STATE of their TD. Data/…/op-state.csv.</summary>
public sealed class OpStateTable
{
    private const int Leaves = 128;
    private static readonly string[] Columns =
    [
        "uninit", "init", "runnable", "live_export", "paused_export", "post_export", "memory_import", "state_import",
        "post_import", "live_import", "failed_import",
    ];

    private readonly ushort[] host = new ushort[Leaves], guest = new ushort[Leaves], service = new ushort[Leaves];

    internal OpStateTable(ModuleVersion version)
    {
        foreach (DataRow row in DataFile.Read($"{version}/op-state.csv"))
        {
            ushort states = 0;
            for (int i = 0; i < Columns.Length; i++)
                states |= (ushort)(row.Number(Columns[i]) << i);
            ushort[]? table = row["side"] switch { "host" => host, "guest" => guest, "servtd" => service, _ => null };
            if (table is not null)
                table[row.Number("leaf")] = states;
        }
    }

    /// <summary>Whether a host leaf may run in a state.</summary>
    public bool Allows(int leaf, OpState state) => (host[leaf] >> (int)state & 1) != 0;

    /// <summary>Whether a host leaf that works on two TDs may run in a state of the service TD.</summary>
    public bool AllowsServiceTd(int leaf, OpState state) => (service[leaf] >> (int)state & 1) != 0;

    /// <summary>Whether a guest leaf (of those that have a row) may run in a state.</summary>
    public bool AllowsGuest(int leaf, OpState state) => (guest[leaf] >> (int)state & 1) != 0;
}

using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>One row of <c>sept-states.csv</c>: what an L1 entry in this state looks like and permits.</summary>
/// <param name="State">The state.</param>
/// <param name="Encoding">State code, see <see cref="SeptEntry.StateCode"/>.</param>
/// <param name="Public">The code error outputs show.</param>
/// <param name="Permissions">R, W, X bits a guest has.</param>
/// <param name="PendingAcceptable">The guest may accept the page.</param>
/// <param name="AnyPending">The page has not been accepted yet.</param>
/// <param name="AnyBlocked">The range is blocked.</param>
/// <param name="AnyBlockedW">Writes are blocked.</param>
/// <param name="GuestAccessibleLeaf">A leaf the guest can at least read.</param>
/// <param name="TrackingRequired">Removing the mapping needs TLB tracking while the TD can run.</param>
internal sealed record SeptStateRow(
    SeptState State,
    byte Encoding,
    byte Public,
    ulong Permissions,
    bool PendingAcceptable,
    bool AnyPending,
    bool AnyBlocked,
    bool AnyBlockedW,
    bool GuestAccessibleLeaf,
    bool TrackingRequired);

/// <summary>The encodings of SEPT states, read from the ABI data files; they are part of the entry's layout.</summary>
/// <remarks>
/// They belong to the layout of <see cref="SeptEntry"/>, which is code: a version with another layout has another entry type.
/// Which leaf works in which state is the version's own table.
/// </remarks>
internal static class SeptStates
{
    private const int Codes = 128;

    private static readonly SeptStateRow InvalidRow =
        new(SeptState.Invalid, 0xFF, 0xFF, 0, false, false, false, false, false, false);

    private static readonly SeptStateRow[] Rows = LoadRows();
    private static readonly SeptState[] ByCode = IndexByCode();

    /// <summary>The row of a state.</summary>
    public static SeptStateRow Of(SeptState state) => Rows[(int)state];

    /// <summary>The state with this state code.</summary>
    public static SeptState Decode(byte code) => ByCode[code];

    private static SeptStateRow[] LoadRows()
    {
        var rows = new SeptStateRow[(int)SeptState.Invalid + 1];
        rows[(int)SeptState.Invalid] = InvalidRow;
        foreach (DataRow row in DataFile.Read($"{ModuleVersion.Default}/sept-states.csv"))
        {
            if (row["tree"] != "L1")
                continue;
            var state = Enum.Parse<SeptState>(row["state"]);
            rows[(int)state] = new SeptStateRow(
                state,
                (byte)row.Number("encoding"),
                (byte)row.Number("public"),
                row.Number("permissions"),
                row.Number("pending_acceptable") != 0,
                row.Number("any_pending") != 0,
                row.Number("any_blocked") != 0,
                row.Number("any_blockedw") != 0,
                row.Number("guest_accessible_leaf") != 0,
                row.Number("tracking_required") != 0);
        }
        return rows;
    }

    private static SeptState[] IndexByCode()
    {
        var states = new SeptState[Codes];
        Array.Fill(states, SeptState.Invalid);
        for (var state = SeptState.FREE; state < SeptState.Invalid; state++)
            states[Rows[(int)state].Encoding] = state;
        return states;
    }
}

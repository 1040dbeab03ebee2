using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>Encodings and public codes of L2 SEPT states, read from the ABI data files.</summary>
/// <remarks>
/// They belong to the layout of <see cref="L2SeptEntry"/>, which is code: a version with another layout has another entry type.
/// Which leaf works in which state is the version's own table.
/// </remarks>
internal static class L2SeptStates
{
    private static readonly byte[] Public = new byte[(int)L2SeptState.Invalid + 1];
    private static readonly L2SeptState[] ByCode = Load();

    /// <summary>The state with this state code.</summary>
    public static L2SeptState Decode(byte code) => ByCode[code];

    /// <summary>The code error outputs show.</summary>
    public static byte PublicCode(L2SeptState state) => Public[(int)state];

    private static L2SeptState[] Load()
    {
        var states = new L2SeptState[16];
        Array.Fill(states, L2SeptState.Invalid);
        Public[(int)L2SeptState.Invalid] = 0xFF;
        foreach (DataRow row in DataFile.Read($"{ModuleVersion.Default}/sept-states.csv"))
        {
            if (row["tree"] != "L2")
                continue;
            var state = Enum.Parse<L2SeptState>(row["state"]);
            states[row.Number("encoding")] = state;
            Public[(int)state] = (byte)row.Number("public");
        }
        return states;
    }
}

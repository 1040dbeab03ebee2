using System.Globalization;
using Seamsim.Firmware.Abi;

namespace Seamsim.Explaining;

/// <summary>VM-exit reasons by the manual's names. SDM vol. 3D, appendix C.</summary>
internal static class ExitNames
{
    /// <summary>The row of the exit table for a basic exit reason, or null.</summary>
    public static DataRow? Row(int reason) =>
        DataFile.Read($"{ModuleVersion.Default}/td-exits.csv").FirstOrDefault(row => row.Number("reason") == (ulong)reason);

    /// <summary>The name of a basic exit reason; its number when the manual has none; −1 stands for no reason.</summary>
    public static string Of(int reason) => reason < 0
        ? "without an exit reason"
        : Row(reason)?["name"] ?? reason.ToString(CultureInfo.InvariantCulture);
}

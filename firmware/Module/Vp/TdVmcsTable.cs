using System.Globalization;
using Seamsim.Firmware.Abi;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Module;

/// <summary>Where the initial value of a TD VMCS field comes from.</summary>
internal enum TdVmcsSource : byte
{
    /// <summary>The row's constant.</summary>
    Constant,

    /// <summary>The same field of this logical processor's SEAM VMCS.</summary>
    Seam,

#pragma warning disable CS1591 // named after what they are
    Vpid, TdcsMsrBitmap, TdcsZeroPage, TdvpsVirtualApic, TdvpsVeInfo, Eptp, TscOffset, TscMultiplier, SpecCtrlMask,
    Hkid,
    ControlPin, ControlProc, ControlProc2, ControlProc3, ControlExit, ControlEntry,
    Cr0Mask, Cr4Mask, Cr0Shadow, Cr4Shadow, TdExitEntry,
#pragma warning restore CS1591
}

/// <summary>Initial value of one field.</summary>
internal readonly record struct TdVmcsRow(VmcsField Field, TdVmcsSource Source, ulong Constant);

/// <summary>
/// What TDH.VP.INIT writes into a TD VMCS: the rows of Data/…/td-vmcs-init.csv.
/// </summary>
internal sealed class TdVmcsTable
{
    private readonly TdVmcsRow[] rows;

    /// <summary>Reads the table of a version.</summary>
    public TdVmcsTable(ModuleVersion version) => rows =
    [
        .. DataFile.Read($"{version}/td-vmcs-init.csv").Select(row =>
        {
            VmcsField field = Enum.Parse<VmcsField>(row["field"]);
            return char.IsAsciiLetter(row["value"][0])
                ? new TdVmcsRow(field, Enum.Parse<TdVmcsSource>(row["value"]), 0)
                : new TdVmcsRow(field, TdVmcsSource.Constant, Constant(row["value"]));
        }),
    ];

    /// <summary>All rows: controls, guest state, host state.</summary>
    public IReadOnlyList<TdVmcsRow> Rows => rows;

    private static ulong Constant(string text) =>
        text == "-1" ? ulong.MaxValue
        : text.StartsWith("0x", StringComparison.Ordinal)
            ? ulong.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
            : ulong.Parse(text, CultureInfo.InvariantCulture);
}

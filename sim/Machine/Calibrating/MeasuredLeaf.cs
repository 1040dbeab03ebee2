using Seamsim.Firmware.Abi;

namespace Seamsim.Calibrating;

/// <summary>A published measurement of a leaf; 0: not measured.</summary>
internal sealed record MeasuredLeaf(string Name, ulong Cycles, ulong Instructions)
{
    /// <summary>All of them, in the order of the table.</summary>
    public static IReadOnlyList<MeasuredLeaf> All { get; } =
    [
        .. DataFile.Read(typeof(MeasuredLeaf).Assembly, "calibration/measured.csv")
            .Select(row => new MeasuredLeaf(row["leaf"], row.Number("cycles"), row.Number("instructions"))),
    ];
}

using System.Globalization;
using Seamsim.Firmware.Abi;
using Seamsim.Host.Kernel;

namespace Seamsim.Host.Kvm.CpuidPolicies;

/// <summary>A data file of register masks by leaf and sub-leaf; an empty sub-leaf means any.</summary>
internal sealed class CpuidMaskTable
{
    private readonly List<(uint Leaf, uint? Subleaf, CpuidValue Mask)> rows = [];

    internal CpuidMaskTable(string file)
    {
        foreach (DataRow row in DataFile.Read(typeof(CpuidMaskTable).Assembly, file))
        {
            uint? subleaf = row.Has("subleaf") ? uint.Parse(row["subleaf"], CultureInfo.InvariantCulture) : null;
            CpuidValue mask = new(
                (uint)row.Number("eax"), (uint)row.Number("ebx"), (uint)row.Number("ecx"), (uint)row.Number("edx"));
            rows.Add(((uint)row.Number("leaf"), subleaf, mask));
        }
    }

    /// <summary>All masks of a leaf and sub-leaf together; none: 0.</summary>
    internal CpuidValue Of(uint leaf, uint index)
    {
        CpuidValue mask = default;
        foreach ((uint rowLeaf, uint? subleaf, CpuidValue bits) in rows)
            if (rowLeaf == leaf && (subleaf is null || subleaf == index))
                mask |= bits;
        return mask;
    }
}

using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>A convertible memory range, as MCHECK put it into SYSINFO. Zero-size entries are left out.</summary>
internal readonly record struct Cmr(ulong Base, ulong Size)
{
    /// <summary>First address after the range.</summary>
    public ulong End => Base + Size;

    /// <summary>Every range that has a size, in the table's order.</summary>
    public static Cmr[] ReadAll(ISeamPlatform p, Hpa sysInfo)
    {
        List<Cmr> cmrs = [];
        for (int i = 0; i < SysInfoTable.MaxCmrs; i++)
        {
            Hpa at = sysInfo + (ulong)(SysInfoTable.Cmr + i * SysInfoTable.CmrEntrySize);
            Cmr cmr = new(p.Read<ulong>(at), p.Read<ulong>(at + 8));
            if (cmr.Size != 0)
                cmrs.Add(cmr);
        }
        return [.. cmrs];
    }

    /// <summary>Whether the list is 4-KiB granular, without KeyID bits, ascending and without overlaps.</summary>
    public static bool AreValid(Cmr[] cmrs, KeyIdLayout keys)
    {
        ulong previousEnd = 0;
        foreach (Cmr cmr in cmrs)
        {
            bool wraps = cmr.End < cmr.Base;
            bool beyond = (cmr.Base & ~keys.AddressMask) != 0 || (cmr.End - 1 & ~keys.AddressMask) != 0;
            if (wraps || beyond || ((cmr.Base | cmr.Size) & 0xFFF) != 0 || cmr.Base < previousEnd)
                return false;
            previousEnd = cmr.End;
        }
        return true;
    }

    /// <summary>Whether a range lies inside the CMRs; adjacent ones count as one.</summary>
    public static bool Contain(Cmr[] cmrs, ulong start, ulong size)
    {
        ulong end = start + size;
        foreach (Cmr cmr in cmrs)
        {
            if (start < cmr.Base || start >= cmr.End)
                continue;
            if (end <= cmr.End)
                return true;
            start = cmr.End;
        }
        return false;
    }
}

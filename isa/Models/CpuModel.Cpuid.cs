using Seamsim.Isa.Seam;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Models;

/// <summary>
/// CPUID: the table's row, then what topology, parameters and processor state make of it. SDM vol. 2, CPUID.
/// </summary>
public sealed partial class CpuModel
{
    private const uint OsXsave = 1u << 27, OsPke = 1u << 4, Syscall = 1u << 11, Apic = 1u << 9,
        HleAndRtm = (1u << 4) | (1u << 11);

    /// <summary>CPUID in a given processor state.</summary>
    public CpuidResult Cpuid(in CpuidContext context, uint leaf, uint subleaf)
    {
        // Above the highest leaf of either range Intel processors answer with the highest basic leaf.
        if (leaf > MaxBasicLeaf && (leaf < 0x8000_0000 || leaf > MaxExtendedLeaf))
            leaf = MaxBasicLeaf;
        CpuidResult row = withoutSubleaf.TryGetValue(leaf, out CpuidResult plain)
            ? plain
            : withSubleaf.GetValueOrDefault(Key(leaf, subleaf));
        CpuidResult result = leaf switch
        {
            0x1         => PatchFeatures(context, row),
            0x4         => PatchCacheSharing(row),
            0x7         => PatchExtendedFeatures(context, subleaf, row),
            0xB or 0x1F => Topology(context.Lp, subleaf),
            0xD         => PatchXsaveSizes(context, subleaf, row),
            0x8000_0001 => context.Mode64 ? row : row with { Edx = row.Edx & ~Syscall },
            0x8000_0008 => row with { Eax = (row.Eax & ~0xFFu) | (uint)Parameters.PhysicalAddressBits },
            _           => row,
        };
        foreach (LpOverride difference in OverridesOf(context.Lp))
            if (!difference.IsMsr && difference.Number == leaf
                && (difference.Subleaf == subleaf || withoutSubleaf.ContainsKey(leaf)))
                result = Apply(difference, result);
        return result;
    }

    private CpuidResult PatchFeatures(in CpuidContext context, CpuidResult row)
    {
        uint apicId = Parameters.ApicIdOf(context.Lp);
        uint addressable = Math.Min(255u, 1u << Parameters.PackageShift);
        return row with
        {
            Ebx = (row.Ebx & 0xFFFF) | (addressable << 16) | ((apicId & 0xFF) << 24),
            Ecx = (context.Cr4 & Cr4Bit.Osxsave) != 0 ? row.Ecx | OsXsave : row.Ecx & ~OsXsave,
            Edx = context.ApicEnabled ? row.Edx : row.Edx & ~Apic,
        };
    }

    private CpuidResult PatchCacheSharing(CpuidResult row)
    {
        if (row.Eax == 0)
            return row;
        uint level = (row.Eax >> 5) & 7;
        uint sharing = (1u << (level == 3 ? Parameters.PackageShift : Parameters.ThreadBits)) - 1;
        uint cores = (1u << (Parameters.PackageShift - Parameters.ThreadBits)) - 1;
        return row with { Eax = (row.Eax & 0x3FFF) | (sharing << 14) | (Math.Min(cores, 63) << 26) };
    }

    private static CpuidResult PatchExtendedFeatures(in CpuidContext context, uint subleaf, CpuidResult row) =>
        subleaf != 0 ? row : row with
        {
            Ebx = context.TsxHidden ? row.Ebx & ~HleAndRtm : row.Ebx,
            Ecx = (context.Cr4 & Cr4Bit.Pke) != 0 ? row.Ecx | OsPke : row.Ecx,
        };

    private CpuidResult PatchXsaveSizes(in CpuidContext context, uint subleaf, CpuidResult row) => subleaf switch
    {
        0 => row with { Ebx = (uint)Xsave.StandardBytes(context.Xcr0) },
        1 => row with { Ebx = (uint)Xsave.CompactedBytes(context.Xcr0 | context.Xss) },
        _ => row,
    };

    private CpuidResult Topology(int lp, uint subleaf)
    {
        const uint smt = 1 << 8, coreLevel = 2 << 8;
        uint apicId = Parameters.ApicIdOf(lp);
        return subleaf switch
        {
            0 => new CpuidResult((uint)Parameters.ThreadBits, (uint)Parameters.ThreadsPerCore, smt, apicId),
            1 => new CpuidResult((uint)Parameters.PackageShift, (uint)Parameters.LpsPerPackage, 1 | coreLevel, apicId),
            _ => new CpuidResult(0, 0, subleaf & 0xFF, apicId),
        };
    }

    private static CpuidResult Apply(in LpOverride difference, CpuidResult result) => difference.Register switch
    {
        0 => result with { Eax = (uint)difference.Apply(result.Eax) },
        1 => result with { Ebx = (uint)difference.Apply(result.Ebx) },
        2 => result with { Ecx = (uint)difference.Apply(result.Ecx) },
        _ => result with { Edx = (uint)difference.Apply(result.Edx) },
    };
}

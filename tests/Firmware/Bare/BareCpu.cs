using Seamsim.Isa.Memory;
using Seamsim.Isa.Seam;

namespace Seamsim.Tests.Firmware;

/// <summary>CPUID and MSR values of a processor that a TDX module accepts; tests change single ones.</summary>
internal sealed class BareCpu
{
    /// <summary>
    /// x2APIC id bits below the package id: two logical processors (one core with SMT, or two cores) a package.
    /// </summary>
    public const int PackageShift = 4, SmtShift = 1;

    private const uint Fms = 0x806F8;

    private readonly Dictionary<(uint Leaf, uint Subleaf), CpuidResult> cpuid = new()
    {
        [(0x0, 0)] = new(0x23, 0x756E6547, 0x6C65746E, 0x49656E69),
        [(0x1, 0)] = new(Fms, 0x0010_0800, 0x47FAA217 | 0x31044D88 | 0x38001060, 0x1FA9FBFF | 0xB8440000),
        [(0x4, 0)] = new(0x3C000121 & ~0x3C00u | 0x21, 0x02C0003F, 0x3F, 0),
        [(0x4, 1)] = new(0x00000122, 0x01C0003F, 0x3F, 0),
        [(0x4, 2)] = new(0x00000143, 0x03C0003F, 0x7FF, 0),
        [(0x4, 3)] = new(0x00000163 | ((1 << PackageShift) - 1) << 14, 0x0380003F, 0xDFFF, 4),
        [(0x5, 0)] = new(0x40, 0x40, 3, 0x2020),
        [(0x7, 0)] = new(2, 0x219424C3 | 0xDC2B9B18 | 0x02230020, 0x99000000 | 0x02417F65 | 0x5ECA,
            0xFC080400 | 0x0005411C | 0x03480120),
        [(0x7, 1)] = new(0x1D30, 0, 0, 0),
        [(0x7, 2)] = new(0, 0, 0, 0x3F),
        [(0xA, 0)] = new(0x08300805, 0, 0xF, 0x8604),
        [(0xD, 0)] = new(0x602E7, 0x2B00, 0x2B00, 0),
        [(0xD, 1)] = new(0x1F, 0x2000, 0xD900, 0),
        [(0xD, 2)] = new(256, 576, 0, 0),
        [(0xD, 5)] = new(64, 1088, 0, 0),
        [(0xD, 6)] = new(512, 1152, 0, 0),
        [(0xD, 7)] = new(1024, 1664, 0, 0),
        [(0xD, 8)] = new(128, 0, 1, 0),
        [(0xD, 9)] = new(8, 2688, 0, 0),
        [(0xD, 11)] = new(16, 0, 1, 0),
        [(0xD, 12)] = new(24, 0, 1, 0),
        [(0xD, 14)] = new(48, 0, 1, 0),
        [(0xD, 15)] = new(808, 0, 1, 0),
        [(0xD, 17)] = new(64, 2752, 2, 0),
        [(0xD, 18)] = new(8192, 2816, 6, 0),
        [(0x14, 0)] = new(1, 0xCF, 7, 0),
        [(0x14, 1)] = new(0x02490002, 0x003F003F, 0, 0),
        [(0x15, 0)] = new(2, 160, 25_000_000, 0),
        [(0x1C, 0)] = new(0x4000_000F, 7, 7, 0),
        [(0x1D, 0)] = new(1, 0, 0, 0),
        [(0x1D, 1)] = new(0x04002000, 0x00080040, 0x10, 0),
        [(0x1E, 0)] = new(0, 0x4010, 0, 0),
        [(0x1F, 0)] = new(SmtShift, 2, 0x100, 0),
        [(0x1F, 1)] = new(PackageShift, 2, 0x201, 0),
        [(0x1F, 2)] = new(0, 0, 2, 0),
        [(0x1F, 3)] = new(0, 0, 3, 0),
        [(0x1F, 4)] = new(0, 0, 4, 0),
        [(0x1F, 5)] = new(0, 0, 5, 0),
        [(0x80000000, 0)] = new(0x80000008, 0, 0, 0),
        [(0x80000001, 0)] = new(0, 0, 0x121, 0x2C100800),
        [(0x80000006, 0)] = new(0, 0, 0x08007040, 0),
        [(0x80000007, 0)] = new(0, 0, 0, 0x100),
        [(0x80000008, 0)] = new(52 | 57 << 8, 0x200, 0, 0),
    };

    private readonly Dictionary<uint, ulong> msrs = [];

    public BareCpu(KeyIdLayout keys, int package, int thread, ulong seamBase, ulong seamBytes)
    {
        uint x2Apic = (uint)(package << PackageShift | thread);
        for (uint subleaf = 0; subleaf < 6; subleaf++)
            SetCpuid(0x1F, subleaf, Cpuid(0x1F, subleaf) with { Edx = x2Apic });
        SetCpuid(1, 0, Cpuid(1, 0) with { Ebx = Cpuid(1, 0).Ebx | x2Apic << 24 });

        foreach ((uint msr, ulong value) in BareMsrs.All)
            msrs[msr] = value;
        msrs[0x87] = (uint)keys.MktmeKeyIds | (ulong)keys.TdxKeyIds << 32;
        msrs[0x982] = 3 | (ulong)keys.KeyIdBits << 32 | 0xFUL << 48;
        msrs[0x1400] = seamBase | 8;
        msrs[0x1401] = (0x000F_FFFF_FFFF_FFFF & ~(seamBytes - 1)) | 0xC00;
    }

    /// <summary>MSRs an RDMSR answers; a missing one is #GP.</summary>
    public Dictionary<uint, ulong> Msrs => msrs;

    public CpuidResult Cpuid(uint leaf, uint subleaf)
    {
        bool hasSubleaves = leaf is 4 or 7 or 0xD or 0x14 or 0x1D or 0x1F or 0x23;
        return cpuid.GetValueOrDefault((leaf, hasSubleaves ? subleaf : 0));
    }

    public void SetCpuid(uint leaf, uint subleaf, CpuidResult value) => cpuid[(leaf, subleaf)] = value;
}

using System.Numerics;

namespace Seamsim.Isa.Models;

/// <summary>MSR reset values that follow from the platform's parameters.</summary>
internal static class MsrResets
{
    private const uint EptVpidCap = 0x48C;
    private const ulong PageWalkLength5 = 1UL << 7;

    /// <summary>The value a table cell names with <c>=name</c>.</summary>
    public static ulong Compute(string name, CpuParameters p) => name switch
    {
        "core_thread_count"   => ((ulong)(p.LpsPerPackage / p.ThreadsPerCore) << 16) | (uint)p.LpsPerPackage,
        "keyid_partitioning"  => ((ulong)p.TdxKeyIds << 32) | (uint)p.MktmeKeyIds,
        "tme_capability"      => TmeCapability(p),
        "tme_activate"        => TmeActivate(p),
        "seamrr_base"         => p.SeamrrBytes == 0 ? 0 : p.SeamrrBase | (1UL << 3),
        "seamrr_mask"         => RangeMask(p, p.SeamrrBytes, valid: 1UL << 11),
        "smrr_base"           => p.SmrrBytes == 0 ? 0 : p.SmrrBase | 6,
        "smrr_mask"           => RangeMask(p, p.SmrrBytes, valid: 1UL << 11) & uint.MaxValue,
        _                     => throw new InvalidDataException($"no computed MSR value is called {name}"),
    };

    /// <summary>VMX capabilities that depend on parameters.</summary>
    public static ulong PatchVmx(uint msr, ulong value, CpuParameters p) =>
        msr == EptVpidCap && p.FiveLevelEpt ? value | PageWalkLength5 : value;

    // Bits 3:0 AES-XTS-128, -128 with integrity, -256, -256 with integrity; 31 bypass; 35:32 KeyID bits; 50:36 KeyIDs.
    private static ulong TmeCapability(CpuParameters p) =>
        Algorithms(p) | (1UL << 31) | ((ulong)p.KeyIdBits << 32) | (((1UL << p.KeyIdBits) - 1) << 36);

    // Bit 0 locked, 1 enabled, 35:32 KeyID bits, 39:36 KeyID bits reserved for TDX, 63:48 algorithms.
    private static ulong TmeActivate(CpuParameters p)
    {
        int sharedBits = BitOperations.Log2((uint)p.MktmeKeyIds + 1);
        ulong tdxBits = p.TdxKeyIds == 0 ? 0 : (ulong)(p.KeyIdBits - sharedBits);
        return 3 | ((ulong)p.KeyIdBits << 32) | (tdxBits << 36) | (Algorithms(p) << 48);
    }

    private static ulong Algorithms(CpuParameters p) => p.Integrity ? 0xFUL : 0x5UL;

    // Bit 10 locks a range register pair; bit 11 makes it valid.
    private static ulong RangeMask(CpuParameters p, ulong bytes, ulong valid)
    {
        const ulong locked = 1UL << 10;
        ulong addressable = (1UL << p.PhysicalAddressBits) - 1;
        return bytes == 0 ? locked : (~(bytes - 1) & addressable) | locked | valid;
    }
}

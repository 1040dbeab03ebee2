using System.Numerics;
using Seamsim.Isa.Memory;

namespace Seamsim.Isa.Models;

/// <summary>
/// What differs between platforms built from one CPU model: topology, address width, keys, SEAM range.
/// </summary>
public sealed record CpuParameters
{
    /// <summary>Packages (sockets), 1..8.</summary>
    public int Packages { get; init; } = 1;

    /// <summary>Logical processors in each package.</summary>
    public int LpsPerPackage { get; init; } = 2;

    /// <summary>Hyper-threads of a core; divides <see cref="LpsPerPackage"/>.</summary>
    public int ThreadsPerCore { get; init; } = 1;

    /// <summary>MAXPHYADDR including the KeyID bits, 46..52.</summary>
    public int PhysicalAddressBits { get; init; } = 52;

    /// <summary>KeyID bits that IA32_TME_ACTIVATE selects.</summary>
    public int KeyIdBits { get; init; } = 6;

    /// <summary>KeyIDs for any software: 1..n.</summary>
    public int MktmeKeyIds { get; init; } = 31;

    /// <summary>Private KeyIDs: n+1..n+m.</summary>
    public int TdxKeyIds { get; init; } = 32;

    /// <summary>EPT page-walk length 5.</summary>
    public bool FiveLevelEpt { get; init; } = true;

    /// <summary>MKTME engines offer integrity algorithms.</summary>
    public bool Integrity { get; init; } = true;

    /// <summary>SEAM range; zero bytes: firmware has not set one up.</summary>
    public ulong SeamrrBase { get; init; }

    /// <summary>Bytes of the SEAM range, a power of two of at least 32 MiB, the base a multiple of it.</summary>
    public ulong SeamrrBytes { get; init; }

    /// <summary>SMM range; zero bytes: its mask is not valid (but locked).</summary>
    public ulong SmrrBase { get; init; }

    /// <summary>Bytes of the SMM range, a power of two.</summary>
    public ulong SmrrBytes { get; init; }

    /// <summary>Address and key layout that follows.</summary>
    public KeyIdLayout Keys => new(PhysicalAddressBits, KeyIdBits, MktmeKeyIds, TdxKeyIds);

    /// <summary>Width of the thread number in an x2APIC ID.</summary>
    public int ThreadBits => CeilLog2(ThreadsPerCore);

    /// <summary>
    /// Width of thread and core number in an x2APIC ID; at least one, so that a package is a domain of its own.
    /// </summary>
    public int PackageShift => Math.Max(1, ThreadBits + CeilLog2(LpsPerPackage / ThreadsPerCore));

    /// <summary>x2APIC ID of a logical processor.</summary>
    public uint ApicIdOf(int lp) => (uint)(((lp / LpsPerPackage) << PackageShift) | (lp % LpsPerPackage));

    private static int CeilLog2(int n) => n <= 1 ? 0 : BitOperations.Log2((uint)(n - 1)) + 1;
}

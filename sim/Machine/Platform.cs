using Seamsim.Isa.Memory;
using Seamsim.Isa.Models;

namespace Seamsim;

/// <summary>
/// What a machine is made of. Every value has a default that boots; <see cref="Machine"/> checks them.
/// </summary>
public sealed record Platform
{
    private const ulong Gibibyte = 1UL << 30;

    private readonly ModuleDefinition? module;

    /// <summary>Processor packages, 1..8.</summary>
    public int Packages { get; init; } = 1;

    /// <summary>Logical processors in every package, 1..64.</summary>
    public int LpsPerPackage { get; init; } = 2;

    /// <summary>
    /// Bytes of RAM: up to 2 GiB below the 32-bit hole, the rest from 4 GiB on. 1 GiB..4 TiB, whole MiB.
    /// </summary>
    public ulong MemoryBytes { get; init; } = 4 * Gibibyte;

    /// <summary>Name of the CPU model (CPUID, MSRs, VMX capabilities).</summary>
    public string Cpu { get; init; } = "sapphire-rapids";

    /// <summary>MAXPHYADDR with the KeyID bits, 46..52.</summary>
    public int PhysicalAddressBits { get; init; } = 52;

    /// <summary>KeyID bits at the top of a physical address, 1..15: IA32_TME_ACTIVATE[35:32].</summary>
    public int KeyIdBits { get; init; } = 6;

    /// <summary>KeyIDs any software may use: IA32_MKTME_KEYID_PARTITIONING[31:0].</summary>
    public int MktmeKeyIds { get; init; } = 31;

    /// <summary>Private KeyIDs: IA32_MKTME_KEYID_PARTITIONING[63:32].</summary>
    public int TdxKeyIds { get; init; } = 32;

    /// <summary>Whether EPT can have five levels, which GPAW 52 needs.</summary>
    public bool Ept5 { get; init; } = true;

    /// <summary>TDX module: a version, the name of a shipped overlay, or the path of an overlay.</summary>
    public string Module { get; init; } = "1.5.01";

    /// <summary>
    /// What <see cref="Module"/> means. Set it for a path that does not start at the current directory; otherwise it
    /// is found when it is asked for.
    /// </summary>
    /// <exception cref="Configuration.ConfigurationException">There is no such module.</exception>
    public ModuleDefinition ModuleDefinition
    {
        get => module is { } given && given.Spec == Module ? given : ModuleDefinition.Resolve(Module);
        init => module = value;
    }

    /// <summary>The platform with another module.</summary>
    internal Platform With(ModuleDefinition other) => ModuleDefinition.IsShipped(other.Spec)
        ? this with { Module = other.Spec }
        : this with { Module = other.Spec, ModuleDefinition = other };

    /// <summary>What all logical processors do differently from the model: a slightly different processor.</summary>
    public IReadOnlyList<LpOverride> CpuDiffers { get; init; } = [];

    /// <summary>KVM's CPUID policy: P0..P7 or its name.</summary>
    public string Policy { get; init; } = "P6";

    /// <summary>Logical processors that differ from the model in a CPUID bit or an MSR.</summary>
    public IReadOnlyList<(int Lp, LpOverride Difference)> OddLps { get; init; } = [];

    /// <summary>Where everything random comes from.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Instructions all logical processors together may execute before a run stops.</summary>
    public ulong MaxInstructions { get; init; } = 200_000_000;

    /// <summary>Statuses forced in place of SEAMCALLs.</summary>
    public IReadOnlyList<Timing.ForcedStatus> Forced { get; init; } = [];

    /// <summary>
    /// How many cycles things take; it belongs to no machine and may be shared. A platform that is made in C# counts
    /// instructions and operations until it asks for more; a scenario asks for the interval model.
    /// </summary>
    public Isa.Ports.ICostModel Costs { get; init; } = Timing.Functional.Instance;

    /// <summary>All logical processors.</summary>
    public int LpCount => Packages * LpsPerPackage;

    /// <summary>Address and KeyID layout.</summary>
    public KeyIdLayout Keys => new(PhysicalAddressBits, KeyIdBits, MktmeKeyIds, TdxKeyIds);

    /// <summary>Bytes of the SEAM range: it lies at the top of the RAM below 4 GiB.</summary>
    public ulong SeamBytes => LpCount <= 64 ? 32UL << 20 : 128UL << 20;

    /// <summary>First byte of the SEAM range.</summary>
    public ulong SeamBase => (Math.Min(MemoryBytes, 2 * Gibibyte) - SeamBytes) & ~(SeamBytes - 1);

    /// <summary>RAM the host kernel gets: everything but the SEAM range and what lies above it below 4 GiB.</summary>
    public IReadOnlyList<(ulong Base, ulong Bytes)> HostRanges => [(0, SeamBase), .. Ranges.Skip(1)];

    /// <summary>RAM ranges (base, bytes), ascending.</summary>
    public IReadOnlyList<(ulong Base, ulong Bytes)> Ranges => MemoryBytes <= 2 * Gibibyte
        ? [(0, MemoryBytes)]
        : [(0, 2 * Gibibyte), (4 * Gibibyte, MemoryBytes - (2 * Gibibyte))];
}

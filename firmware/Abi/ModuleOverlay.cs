namespace Seamsim.Firmware.Abi;

/// <summary>A leaf that an overlay adds, or makes a slot of TD_PARAMS.CPUID_CONFIG.</summary>
/// <param name="Leaf">EAX.</param>
/// <param name="Subleaf">ECX, or <see cref="CpuidEntry.NoSubleaf"/>.</param>
/// <param name="Configurable">Whether it becomes a slot; new slots come after the existing ones.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record CpuidLeafChange(uint Leaf, uint Subleaf, bool Configurable, string Reason);

/// <summary>Bits of a CPUID register that an overlay gives another category.</summary>
/// <param name="Leaf">EAX.</param>
/// <param name="Subleaf">ECX, or <see cref="CpuidEntry.NoSubleaf"/>.</param>
/// <param name="Register">0 EAX, 1 EBX, 2 ECX, 3 EDX.</param>
/// <param name="Msb">Highest bit.</param>
/// <param name="Lsb">Lowest bit.</param>
/// <param name="Category">Who decides them from now on.</param>
/// <param name="Value">
/// <see cref="CpuidCategory.Fixed"/>: the value; <see cref="CpuidCategory.NativeChecked"/>: what TDH.SYS.INIT demands.
/// </param>
/// <param name="Name">A new name of the field; empty keeps the old one.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record CpuidFieldChange(
    uint Leaf, uint Subleaf, int Register, int Msb, int Lsb, CpuidCategory Category, uint Value, string Name,
    string Reason);

/// <summary>MSRs that a TD reads and writes natively while a bit of its CPUID is 1.</summary>
/// <param name="First">First MSR.</param>
/// <param name="Last">Last MSR.</param>
/// <param name="Name">The manual's name.</param>
/// <param name="Leaf">EAX of the CPUID bit.</param>
/// <param name="Subleaf">ECX, or <see cref="CpuidEntry.NoSubleaf"/>.</param>
/// <param name="Register">0 EAX, 1 EBX, 2 ECX, 3 EDX.</param>
/// <param name="Bit">The bit, 0..31.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record NativeMsr(
    uint First, uint Last, string Name, uint Leaf, uint Subleaf, int Register, int Bit, string Reason);

/// <summary>What a module differs in from the version it is based on. Leaves are laid first, then fields.</summary>
/// <param name="Name">A word.</param>
/// <param name="Source">Where it is written, or that it is hypothetical.</param>
public sealed record ModuleOverlay(string Name, string Source)
{
    /// <summary>Leaves added or made configurable.</summary>
    public IReadOnlyList<CpuidLeafChange> Leaves { get; init; } = [];

    /// <summary>Bits that change their category.</summary>
    public IReadOnlyList<CpuidFieldChange> Fields { get; init; } = [];

    /// <summary>MSRs that become native.</summary>
    public IReadOnlyList<NativeMsr> Msrs { get; init; } = [];
}

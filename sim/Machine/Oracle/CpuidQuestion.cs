using Seamsim.Firmware.Abi;

namespace Seamsim.Oracle;

/// <summary>Bits of one CPUID register in TD_PARAMS.CPUID_CONFIG, and the values they are to have.</summary>
/// <param name="Leaf">EAX of CPUID.</param>
/// <param name="Subleaf">ECX of CPUID; 0 for a leaf without sub-leaves.</param>
/// <param name="Register">0 EAX, 1 EBX, 2 ECX, 3 EDX.</param>
/// <param name="Mask">The bits meant.</param>
/// <param name="Value">Their values, in place.</param>
internal readonly record struct CpuidSetting(uint Leaf, uint Subleaf, int Register, uint Mask, uint Value);

/// <summary>The TD somebody would create: what goes into TD_PARAMS.</summary>
internal sealed record CpuidQuestion
{
    /// <summary>ATTRIBUTES.</summary>
    public ulong Attributes { get; init; } = TdAttributes.SeptVeDisable;

    /// <summary>XFAM.</summary>
    public ulong Xfam { get; init; } = 3;

    /// <summary>Guest physical address width: 48 (4-level EPT) or 52 (5-level EPT, CONFIG_FLAGS.GPAW).</summary>
    public int Gpaw { get; init; } = 48;

    /// <summary>TSC_FREQUENCY in units of 25 MHz; null: the platform's own.</summary>
    public ushort? TscFrequency { get; init; }

    /// <summary>
    /// IA32_ARCH_CAPABILITIES_CONFIG; null leaves MSR_CONFIG_CTLS 0, so that the register is not configured.
    /// </summary>
    public ulong? ArchCapabilities { get; init; }

    /// <summary>
    /// Whether CPUID_CONFIG starts from what the processor has in every configurable bit, as an ordinary user sets it;
    /// otherwise from zero.
    /// </summary>
    public bool StartFromProcessor { get; init; } = true;

    /// <summary>Single bits on top of that; later ones win.</summary>
    public IReadOnlyList<CpuidSetting> Settings { get; init; } = [];
}

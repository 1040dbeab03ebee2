using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>
/// The field code of CPUID_VALUES: element [0] (0 EAX and EBX, 1 ECX and EDX), subleaf [7:1], "no subleaf" [8], leaf
/// [15:9], leaf bit 31 [16]. TDX Module 1.5 ABI, "CPUID_VALUES".
/// </summary>
internal readonly record struct CpuidFieldCode(uint Value)
{
    private const uint NoSubleafBit = 1 << 8;

    /// <summary>Whether no bit beyond the encoding is set.</summary>
    public bool IsValid => Value >> 17 == 0;

    /// <summary>ECX and EDX instead of EAX and EBX.</summary>
    public bool High => (Value & 1) != 0;

    /// <summary>The CPUID leaf.</summary>
    public uint Leaf => Value >> 9 & 0x7F | Value >> 16 << 31;

    /// <summary>The CPUID subleaf, or <see cref="CpuidEntry.NoSubleaf"/>.</summary>
    public uint Subleaf => (Value & NoSubleafBit) != 0 ? CpuidEntry.NoSubleaf : Value >> 1 & 0x7F;

    /// <summary>The code of an entry's EAX and EBX.</summary>
    public static CpuidFieldCode Of(CpuidEntry entry) => new(
        (entry.Subleaf == CpuidEntry.NoSubleaf ? NoSubleafBit : entry.Subleaf << 1)
        | (entry.Leaf & 0x7F) << 9 | entry.Leaf >> 31 << 16);
}

using Seamsim.Isa.Ports;

namespace Seamsim.BareMetal;

/// <summary>What a bare-metal run is made of.</summary>
internal sealed record PcOptions
{
    /// <summary>Name of the CPU model.</summary>
    public string Cpu { get; init; } = "sapphire-rapids";

    /// <summary>Logical processors, 1..<see cref="MaximumProcessors"/>.</summary>
    public int Processors { get; init; } = 1;

    /// <summary>Bytes of RAM; a multiple of 1 MiB.</summary>
    public ulong MemoryBytes { get; init; } = 1UL << 30;

    /// <summary>Instructions all logical processors together may execute.</summary>
    public ulong MaxInstructions { get; init; } = 1_000_000_000;

    /// <summary>Where everything random comes from.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>How many cycles things take.</summary>
    public ICostModel Costs { get; init; } = Timing.Functional.Instance;

    /// <summary>Whether there is a <see cref="Devices.TestDevice"/>.</summary>
    public bool TestDevice { get; init; }

    /// <summary>Most logical processors: what 8-bit APIC IDs name.</summary>
    public const int MaximumProcessors = 64;
}

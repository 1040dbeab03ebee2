namespace Seamsim.Trace;

/// <summary>What was recorded beside control flow and cycles.</summary>
[Flags]
public enum TraceAspects : byte
{
    /// <summary>Control flow, cycles and events only.</summary>
    None = 0,

    /// <summary>The linear address, size and direction of every data access.</summary>
    Memory = 1,

    /// <summary>The value of every data access; needs <see cref="Memory"/>.</summary>
    Values = 2,

    /// <summary>Changes of the register file.</summary>
    Registers = 4,

    /// <summary>Guest-physical and host-physical addresses, as translations of linear pages.</summary>
    Physical = 8,
}

/// <summary>
/// What a trace says about itself before its first record. No clock, no host name: same run, same bytes.
/// </summary>
/// <param name="Tool">Name and version of the program that recorded, e.g. <c>seamsim 0.1.0</c>.</param>
/// <param name="ConfigHash">Hash of the resolved configuration, as hexadecimal text.</param>
/// <param name="Seed">The seed of the run.</param>
/// <param name="TimingModel">Timing model and parameter set that the cycles come from.</param>
/// <param name="CpuModel">The CPU model.</param>
/// <param name="LpCount">Logical processors of the machine.</param>
/// <param name="Aspects">What was recorded.</param>
/// <param name="Worlds">The worlds that were recorded.</param>
public sealed record TraceHeader(
    string Tool,
    string ConfigHash,
    ulong Seed,
    string TimingModel,
    string CpuModel,
    int LpCount,
    TraceAspects Aspects,
    TraceWorlds Worlds);

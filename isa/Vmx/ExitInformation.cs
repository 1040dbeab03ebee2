namespace Seamsim.Isa.Vmx;

/// <summary>What a VM exit reports. SDM vol. 3C, 28.2 "Recording VM-exit information".</summary>
/// <param name="Reason">Basic exit reason.</param>
internal readonly record struct ExitInformation(ExitReason Reason)
{
    /// <summary>Exit qualification.</summary>
    public ulong Qualification { get; init; }

    /// <summary>Length of the instruction that exits; 0 when the exit is not due to one.</summary>
    public uint InstructionLength { get; init; }

    /// <summary>VM-exit instruction information.</summary>
    public uint InstructionInformation { get; init; }

    /// <summary>VM-exit interruption information; bit 31 says it is valid.</summary>
    public uint Interruption { get; init; }

    /// <summary>VM-exit interruption error code.</summary>
    public uint InterruptionErrorCode { get; init; }

    /// <summary>Guest-linear address.</summary>
    public ulong GuestLinear { get; init; }

    /// <summary>Guest-physical address.</summary>
    public ulong GuestPhysical { get; init; }

    /// <summary>
    /// The exit is fault-like for an event that would set RF in its saved RFLAGS. SDM vol. 3C, 28.3.3.
    /// </summary>
    public bool ResumeFlag { get; init; }

    /// <summary>The event that exits is an NMI, which stays blocked in the host.</summary>
    public bool BlocksNmi { get; init; }
}

/// <summary>Composes the interruption-information formats. SDM vol. 3C, 25.8.3 and 25.9.2.</summary>
internal static class Interruption
{
    public const uint Valid = 1u << 31, HasErrorCode = 1u << 11;
    public const int TypeShift = 8;

    public static uint Of(byte vector, Engine.EventType type, bool hasErrorCode) =>
        Valid | vector | ((uint)type << TypeShift) | (hasErrorCode ? HasErrorCode : 0);

    public static byte VectorOf(uint information) => (byte)information;

    public static uint TypeOf(uint information) => (information >> TypeShift) & 7;
}

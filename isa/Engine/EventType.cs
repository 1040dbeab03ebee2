namespace Seamsim.Isa.Engine;

/// <summary>Kinds of events, numbered as in the VM-entry interruption-information field. SDM vol. 3C, 24.8.3.</summary>
public enum EventType : byte
{
    /// <summary>External interrupt.</summary>
    ExternalInterrupt = 0,

    /// <summary>Non-maskable interrupt.</summary>
    Nmi = 2,

    /// <summary>Exception that the processor raises (faults, traps other than INT3 and INTO, aborts).</summary>
    HardwareException = 3,

    /// <summary>INT n.</summary>
    SoftwareInterrupt = 4,

    /// <summary>INT1.</summary>
    PrivilegedSoftwareException = 5,

    /// <summary>INT3 and INTO.</summary>
    SoftwareException = 6,
}

namespace Seamsim.Isa.State;

/// <summary>
/// Events waiting at the boundary between instructions, as the engine and VMX ask for them. A core that was never put
/// on a platform (<see cref="PowerOn"/>) has none.
/// </summary>
public sealed unsafe partial class Core
{
    /// <summary>
    /// Vector of the external interrupt the local APIC would deliver now (above PPR, APIC enabled); −1 when none.
    /// RFLAGS.IF and the interrupt shadow are the caller's business.
    /// </summary>
    public int PendingInterrupt => IsOnPlatform ? Apic.Deliverable : -1;

    /// <summary>An NMI waits; cleared by whoever delivers it.</summary>
    public bool PendingNmi
    {
        get => IsOnPlatform && Apic.NmiPending;
        set => Apic.NmiPending = value;
    }

    /// <summary>An INIT signal waits; cleared by whoever acts on it.</summary>
    public bool PendingInit
    {
        get => IsOnPlatform && Apic.InitPending;
        set => Apic.InitPending = value;
    }

    /// <summary>Vector of a waiting start-up IPI; −1 when none.</summary>
    public int PendingStartUp
    {
        get => IsOnPlatform ? Apic.StartUpVector : -1;
        set => Apic.StartUpVector = value;
    }

    /// <summary>
    /// Interrupt acknowledge: moves <see cref="PendingInterrupt"/> from request to in-service and returns it.
    /// </summary>
    public byte AcknowledgeInterrupt() => Apic.Acknowledge();
}

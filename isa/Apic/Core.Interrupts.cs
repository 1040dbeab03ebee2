namespace Seamsim.Isa.State;

/// <summary>Events waiting at the boundary between instructions, as the engine and VMX ask for them.</summary>
public sealed unsafe partial class Core
{
    /// <summary>
    /// Vector of the external interrupt the local APIC would deliver now (above PPR, APIC enabled); −1 when none.
    /// RFLAGS.IF and the interrupt shadow are the caller's business.
    /// </summary>
    public int PendingInterrupt => Apic.Deliverable;

    /// <summary>An NMI waits; cleared by whoever delivers it.</summary>
    public bool PendingNmi
    {
        get => Apic.NmiPending;
        set => Apic.NmiPending = value;
    }

    /// <summary>An INIT signal waits; cleared by whoever acts on it.</summary>
    public bool PendingInit
    {
        get => Apic.InitPending;
        set => Apic.InitPending = value;
    }

    /// <summary>Vector of a waiting start-up IPI; −1 when none.</summary>
    public int PendingStartUp
    {
        get => Apic.StartUpVector;
        set => Apic.StartUpVector = value;
    }

    /// <summary>Interrupt acknowledge: moves <see cref="PendingInterrupt"/> from request to in-service and returns it.</summary>
    public byte AcknowledgeInterrupt() => Apic.Acknowledge();
}

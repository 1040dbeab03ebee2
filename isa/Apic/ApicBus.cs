using Seamsim.Isa.Memory;

namespace Seamsim.Isa.Apic;

/// <summary>Delivery modes of an interrupt message. SDM vol. 3A, 11.6.1.</summary>
public enum DeliveryMode : byte
{
#pragma warning disable CS1591 // named as in the manual
    Fixed = 0, LowestPriority = 1, Smi = 2, Nmi = 4, Init = 5, StartUp = 6, ExtInt = 7,
#pragma warning restore CS1591
}

/// <summary>Carries interrupt messages between the local APICs of a platform. SDM vol. 3A, 11.6.2.</summary>
public sealed class ApicBus
{
    private readonly List<LocalApic> apics = [];
    private readonly List<ulong> windows = [];
    private readonly PhysicalMemory memory;

    internal ApicBus(PhysicalMemory memory) => this.memory = memory;

    /// <summary>The local APICs by logical-processor index.</summary>
    public IReadOnlyList<LocalApic> Apics => apics;

    /// <summary>Called after a message has been accepted, so that a scheduler can wake the processor.</summary>
    public Action<LocalApic>? Accepted { get; set; }

    /// <summary>Sends a message by physical destination (an x2APIC ID); all ones: everybody.</summary>
    public void SendPhysical(uint destination, DeliveryMode mode, byte vector)
    {
        foreach (LocalApic apic in apics)
            if (destination == uint.MaxValue || apic.Id == destination)
                Deliver(apic, mode, vector);
    }

    /// <summary>Sends a message by logical destination.</summary>
    public void SendLogical(uint destination, DeliveryMode mode, byte vector)
    {
        foreach (LocalApic apic in apics)
        {
            if (!apic.MatchesLogical(destination))
                continue;
            Deliver(apic, mode, vector);
            if (mode == DeliveryMode.LowestPriority)
                return;
        }
    }

    internal void Add(LocalApic apic)
    {
        apics.Add(apic);
        MapWindow(LocalApic.DefaultBase);
    }

    /// <summary>Makes the xAPIC register page at an address answer.</summary>
    internal void MapWindow(ulong address)
    {
        if (windows.Contains(address))
            return;
        windows.Add(address);
        memory.Mmio.Add(address, 4096, new LocalApicWindow(address));
    }

    internal void SendToAll(LocalApic? except, DeliveryMode mode, byte vector)
    {
        foreach (LocalApic apic in apics)
            if (apic != except)
                Deliver(apic, mode, vector);
    }

    internal void Deliver(LocalApic apic, DeliveryMode mode, byte vector)
    {
        if (apic.Accept(mode, vector))
            Accepted?.Invoke(apic);
    }
}

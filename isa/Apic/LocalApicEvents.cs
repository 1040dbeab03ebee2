using Seamsim.Isa.Ports;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Apic;

/// <summary>The local APIC timers as an event queue; a machine with more devices composes it with theirs.</summary>
public sealed class LocalApicEvents : IEventQueue
{
    /// <inheritdoc/>
    public ulong NextDue(Core core) => core.Apic.TimerDue;

    /// <inheritdoc/>
    public void Deliver(Core core, ulong cycles) => core.Apic.AdvanceTimer(cycles);
}

using System.Diagnostics.Tracing;
using Seamsim.Configuration;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;
using Seamsim.Timing;

namespace Seamsim.Tracing;

/// <summary>
/// What <c>dotnet-trace</c> and other listeners can watch of a long run: provider <c>Seamsim</c>. Nobody listening costs
/// one test per transition and turn.
/// </summary>
[EventSource(Name = "Seamsim")]
internal sealed class SeamsimEvents : EventSource
{
    /// <summary>Instructions between two heartbeats.</summary>
    public const ulong HeartbeatInstructions = 1_000_000;

    private const int LeafEnterId = 1, LeafExitId = 2, WorldSwitchId = 3, HeartbeatId = 4;

    private SeamsimEvents()
    {
    }

    /// <summary>The provider.</summary>
    public static SeamsimEvents Log { get; } = new();

    /// <summary>A SEAMCALL has entered SEAM.</summary>
    [Event(LeafEnterId, Level = EventLevel.Informational)]
    public void LeafEnter(int lp, string leaf, long cycles) => WriteEvent(LeafEnterId, lp, leaf, cycles);

    /// <summary>SEAMRET has returned from a leaf.</summary>
    [Event(LeafExitId, Level = EventLevel.Informational)]
    public void LeafExit(int lp, string leaf, ulong status, long cycles) =>
        WriteEvent(LeafExitId, lp, leaf, status, cycles);

    /// <summary>A logical processor is in another world.</summary>
    [Event(WorldSwitchId, Level = EventLevel.Verbose)]
    public void WorldSwitch(int lp, string world, long cycles) => WriteEvent(WorldSwitchId, lp, world, cycles);

    /// <summary>A million instructions more have been executed.</summary>
    [Event(HeartbeatId, Level = EventLevel.Informational)]
    public void Heartbeat(long instructions, long cycles) => WriteEvent(HeartbeatId, instructions, cycles);

    /// <summary>Tells of a transition that is complete.</summary>
    /// <param name="core">The logical processor.</param>
    /// <param name="transition">SEAMCALL, SEAMRET, VM entry or VM exit.</param>
    /// <param name="before">The leaf that ran before it.</param>
    /// <param name="world">The world that is current now.</param>
    [NonEvent]
    public unsafe void Tell(Core core, Operation transition, ulong before, World world)
    {
        long cycles = (long)core.Lp->Cycles;
        ulong rax = core.Lp->Gpr[0];
        if (transition == Operation.Seamcall)
            LeafEnter(core.Index, Names.OfLeaf(rax & 0x8000_0000_0000_FFFF), cycles);
        else if (transition == Operation.Seamret)
            LeafExit(core.Index, Names.OfLeaf(before), rax, cycles);
        WorldSwitch(core.Index, world.ToString(), cycles);
    }

    /// <summary>Tells of progress once for every <see cref="HeartbeatInstructions"/>.</summary>
    [NonEvent]
    public void Beat(ref ulong told, ulong instructions, ulong cycles)
    {
        if (instructions / HeartbeatInstructions == told)
            return;
        told = instructions / HeartbeatInstructions;
        Heartbeat((long)instructions, (long)cycles);
    }
}

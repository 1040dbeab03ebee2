using Seamsim.Isa.Ports;
using Seamsim.Isa.State;
using Seamsim.Timing;

namespace Seamsim.Scheduling;

/// <summary>
/// Between the processors and the account: before SEAM software runs on one of them, the locks of leaves that ended
/// earlier on the others are let go.
/// </summary>
internal sealed class WorldWatch(CycleAccount account, Action<ulong> releaseLocks) : IWorldObserver
{
    /// <inheritdoc/>
    public bool Intercepts(Core core, out ulong status) => account.Intercepts(core, out status);

    /// <inheritdoc/>
    public unsafe void Switched(Core core, Operation transition, uint cycles)
    {
        ulong before = Tracing.SeamsimEvents.Log.IsEnabled() ? account.LeafOf(core) : 0;
        account.Switched(core, transition, cycles);
        if (Tracing.SeamsimEvents.Log.IsEnabled())
            Tracing.SeamsimEvents.Log.Tell(core, transition, before, account.WorldOf(core));
        if (transition is Operation.Seamcall or Operation.VmExit)
            releaseLocks(core.Lp->Cycles);
    }
}

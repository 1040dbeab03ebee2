using Seamsim.Isa.Ports;
using Seamsim.Isa.State;
using Seamsim.Timing;

namespace Seamsim.Scheduling;

/// <summary>
/// One time-stamp counter for the platform: a logical processor that reads it first catches up with the latest value
/// any of them has read (D8), so that time never runs backwards between them.
/// </summary>
internal sealed class Timebase(CycleAccount account) : ITimebase
{
    private ulong latest;

    /// <inheritdoc/>
    public unsafe ulong ReadTsc(Core core, ulong cycles)
    {
        if (cycles >= latest)
            return latest = cycles;
        ulong behind = latest - cycles;
        core.Lp->Cycles += behind;
        account.BookAside(core, World.Sync, behind);
        core.Probe?.Charged(core, null, behind, sync: true);
        return latest;
    }
}

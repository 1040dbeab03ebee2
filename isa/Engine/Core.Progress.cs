namespace Seamsim.Isa.State;

// Guest code can make exceptions that never end: the first instruction of a handler faults, and the stack is back where it
// was (an interrupt stack of the TSS, the 64 KiB of real mode). No instruction retires, so that no budget of
// instructions would ever be used up.
public sealed unsafe partial class Core
{
    /// <summary>No program that means well comes near it: page faults of one instruction and of their delivery.</summary>
    private const int ToleratedFaults = 256;

    private ulong faultedAt;
    private int faultsInARow;

    /// <summary>
    /// Exceptions delivered since reset although many had been delivered before with no instruction between them. Each
    /// takes the place of an instruction in the budget of a run; who limits a run by its instructions adds them.
    /// </summary>
    public ulong FaultsWithoutProgress { get; private set; }

    private ulong Progress => Lp->Instructions + FaultsWithoutProgress;

    private void CountFault()
    {
        if (Lp->Instructions != faultedAt)
            (faultedAt, faultsInARow) = (Lp->Instructions, 0);
        if (++faultsInARow > ToleratedFaults)
            FaultsWithoutProgress++;
    }
}

using Seamsim.Isa.State;

namespace Seamsim.Isa.Ports;

/// <summary>
/// Told by the transitions themselves when a logical processor changes world (host, SEAM, TD), so that every cycle can
/// be accounted to one of them, and asked before SEAM is entered, so that a run can force a status. The processor works
/// the same without one.
/// </summary>
public interface IWorldObserver
{
    /// <summary>
    /// SEAMCALL has passed the processor's own checks and is about to enter SEAM; RAX..R15 are the caller's. True keeps
    /// SEAM from being entered: the instruction ends with RAX = <paramref name="status"/> and CF = ZF = 0, as if the
    /// module had answered so.
    /// </summary>
    bool Intercepts(Core core, out ulong status);

    /// <summary>
    /// A transition is complete: the state is that of the new world and <paramref name="cycles"/>, its cost, is already
    /// on the clock.
    /// </summary>
    /// <param name="core">The logical processor.</param>
    /// <param name="transition">
    /// <see cref="Operation.Seamcall"/>, <see cref="Operation.Seamret"/>, <see cref="Operation.VmEntry"/> or
    /// <see cref="Operation.VmExit"/> (TDCALL and every other exit of a TD).
    /// </param>
    /// <param name="cycles">Cycles charged for the transition itself.</param>
    void Switched(Core core, Operation transition, uint cycles);
}

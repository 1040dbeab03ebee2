using Seamsim.Isa.Engine;

namespace Seamsim.Isa.State;

public sealed unsafe partial class Core
{
    /// <summary>
    /// Records an exception for the run loop to deliver. The caller returns the result, and RIP stays where it is.
    /// </summary>
    /// <param name="vector">The exception.</param>
    /// <param name="error">Error code, for the vectors that have one.</param>
    /// <param name="address">Faulting linear address of #PF (CR2), or the #DB exit qualification.</param>
    public Outcome Raise(Vector vector, uint error = 0, ulong address = 0)
    {
        PendingFault = new PendingFault(vector, error, address);
        return Outcome.Fault;
    }

    /// <summary>#GP(0).</summary>
    internal Outcome RaiseGp0() => Raise(Vector.GP);
}

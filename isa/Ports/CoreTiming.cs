using Seamsim.Isa.Engine;
using Seamsim.Isa.Probes;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Ports;

/// <summary>
/// The dynamic events of one logical processor: what blocks, data accesses, branches and translations cost beyond the
/// operations that have a cost of their own (D9). While one is attached, an op of its own stands in front of every
/// block and accounts it, and the handlers report to <see cref="Probe"/>; everything that is not a handler calls the
/// members here. What it puts on the clock must not depend on how a run is sliced: it does so when a block is entered
/// and at <see cref="Settle"/>.
/// </summary>
public abstract unsafe class CoreTiming : IDisposable
{
    /// <summary>The struct that implements <see cref="IProbe"/> and sees what handlers do.</summary>
    public abstract Type Probe { get; }

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>Fills the op in front of a block: what it is and what runs when the block is entered.</summary>
    internal abstract void Define(Core core, Op* marker, in BlockOfCode block);

    /// <summary>A block is entered and its instructions will be executed singly.</summary>
    internal abstract void Enter(Core core, Op* marker);

    /// <summary>Data was accessed by a slow path or by an instruction that has no handler.</summary>
    public abstract void Accessed(Core core, ulong linear, bool write, ReadOnlySpan<byte> value);

    /// <summary>A near branch was executed that has no handler.</summary>
    public abstract void Branched(Core core, BranchKind kind, bool taken, ulong next, ulong target);

    /// <summary>
    /// Puts what is outstanding on the clock: before an instruction that has no handler, an event or a fault, so that
    /// they happen at their time.
    /// </summary>
    public abstract void Settle(Core core);

    /// <summary>Tells the observer what stalls have put on the clock since the last time.</summary>
    public abstract void TellStalls();

    /// <summary>The address space, privilege or code size may have changed.</summary>
    public abstract void ModeChanged(Core core);

    /// <summary>Translations or cache lines were dropped.</summary>
    /// <param name="core">The logical processor.</param>
    /// <param name="what">Which.</param>
    /// <param name="operand">Linear address of the page or line; otherwise 0.</param>
    public abstract void Maintained(Core core, Upkeep what, ulong operand);
}

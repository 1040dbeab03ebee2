using Iced.Intel;
using Seamsim.Isa.Engine;

namespace Seamsim.Isa.State;

public sealed unsafe partial class Core
{
    /// <summary>
    /// Runs until <paramref name="maxInstructions"/> have retired or the first block head at or after
    /// <paramref name="untilCycles"/>, whichever is earlier. The state reached does not depend on how a run is sliced.
    /// </summary>
    public RunEnd Run(long maxInstructions, ulong untilCycles) => RunEnd.Budget;

    /// <summary>
    /// Tells the engine that CR0, CR3, CR4, EFER, CS, CPL, EPTP, VPID or the SEAM state may have changed: it picks the
    /// TLB and the code space of the new mode. Does not flush anything.
    /// </summary>
    public void ModeChanged() => Lp->Leave = 1;

    /// <summary>Drops every cached translation of every address space on this logical processor.</summary>
    public void FlushTlb() => ModeChanged();

    /// <summary>Drops the cached translations of one linear page in every address space (INVLPG, INVVPID type 0).</summary>
    public void FlushTlbPage(Gva page) => ModeChanged();

    /// <summary>
    /// Reads linear memory with the rights of <paramref name="cpl"/>; false leaves the fault (or VM exit) recorded and
    /// the caller returns <see cref="Outcome.Fault"/>.
    /// </summary>
    internal bool TryReadLinear(Gva address, Span<byte> destination, int cpl) => false;

    /// <summary>Writes linear memory with the rights of <paramref name="cpl"/>; nothing is written on failure.</summary>
    internal bool TryWriteLinear(Gva address, ReadOnlySpan<byte> source, int cpl) => false;

    /// <summary>Linear address of the memory operand, segment base included.</summary>
    internal Gva EffectiveAddress(in Instruction instruction) => default;

    /// <summary>Value of operand <paramref name="n"/>: a register or an immediate, zero-extended.</summary>
    internal ulong ReadOperand(in Instruction instruction, int n) => 0;

    /// <summary>Value of operand <paramref name="n"/>, which may be memory; false = fault recorded.</summary>
    internal bool TryReadOperand(in Instruction instruction, int n, out ulong value)
    {
        value = 0;
        return false;
    }

    /// <summary>Stores to operand <paramref name="n"/>, a register or memory; false = fault recorded.</summary>
    internal bool TryWriteOperand(in Instruction instruction, int n, ulong value) => false;

    /// <summary>
    /// Delivers an event through the IDT as VM entry does for an injected event (no intercepts are consulted for the
    /// event itself). For software events RIP is advanced by <paramref name="instructionLength"/> first.
    /// </summary>
    internal Outcome DeliverEvent(byte vector, EventType type, uint? errorCode, int instructionLength) => Outcome.Jumped;
}

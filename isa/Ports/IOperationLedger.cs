using Seamsim.Isa.State;

namespace Seamsim.Isa.Ports;

/// <summary>Which part of a SEAM leaf runs. TDX Module leaves have operand checks, then a commit.</summary>
public enum LeafPhase : byte
{
    /// <summary>SEAMCALL, saving what is the host's, dispatch.</summary>
    Entry,

    /// <summary>Operands, states, locks: until the leaf changes anything.</summary>
    Checks,

    /// <summary>A level of the PAMT or of the Secure EPT, with the access to its entry.</summary>
    Walk,

    /// <summary>From the first operation on that changes memory, a VMCS, a register or a key.</summary>
    Commit,

    /// <summary>From a VM exit of the TD until the module returns to the host or enters the TD again.</summary>
    TdExit,

    /// <summary>Restoring what is the host's, SEAMRET.</summary>
    Exit,
}

/// <summary>
/// Told every operation that is charged, so that its cycles can be booked to a cause. It never changes what is charged.
/// </summary>
public interface IOperationLedger
{
    /// <summary>Operations were put on the clock.</summary>
    /// <param name="core">The logical processor; its clock already shows the cycles.</param>
    /// <param name="operation">Which.</param>
    /// <param name="count">How many of them.</param>
    /// <param name="cycles">What they cost together.</param>
    void Charged(Core core, Operation operation, int count, uint cycles);

    /// <summary>Managed code says which part of the leaf begins.</summary>
    void Marked(Core core, LeafPhase phase);
}

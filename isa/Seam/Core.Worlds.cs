using Seamsim.Isa.Ports;

namespace Seamsim.Isa.State;

public sealed unsafe partial class Core
{
    /// <summary>Who is told about SEAMCALL, SEAMRET, VM entries and VM exits; null: nobody.</summary>
    internal IWorldObserver? Worlds { get; set; }

    /// <summary>Who is told about operations that cost cycles; null: nobody.</summary>
    internal IOperationLedger? Ledger { get; set; }
}

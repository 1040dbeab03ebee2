using Seamsim.Isa.Ports;

namespace Seamsim.Isa.State;

public sealed unsafe partial class Core
{
    /// <summary>Who is told about SEAMCALL, SEAMRET, VM entries and VM exits; null: nobody.</summary>
    internal IWorldObserver? Worlds { get; set; }

    /// <summary>The memory hierarchy as cost; null: every access is an L1 hit.</summary>
    internal ICacheTiming? Caches { get; set; }

    /// <summary>Who is told about operations that cost cycles; null: nobody.</summary>
    internal IOperationLedger? Ledger { get; set; }
}

namespace Seamsim.Timing;

/// <summary>What a cycle was spent on.</summary>
public enum Cause : byte
{
    /// <summary>Straight-line instructions, and the code managed operations stand for.</summary>
    Issue,

    /// <summary>Branches that went another way than predicted.</summary>
    Branch,

    /// <summary>Fetches that missed L1I or the ITLB, and taken branches whose target was not known.</summary>
    Fetch,

    /// <summary>SEAMCALL, SEAMRET, VM entries, VM exits and TDCALL.</summary>
    Transition,

    /// <summary>VMREAD, VMWRITE, VMPTRLD and VMCLEAR.</summary>
    VmcsAccess,

    /// <summary>RDMSR and WRMSR.</summary>
    Msr,

    /// <summary>Other serialising or microcoded instructions: CPUID, control registers, XSETBV, extended state.</summary>
    Serialising,

    /// <summary>RDRAND and RDSEED.</summary>
    Random,

    /// <summary>PCONFIG.</summary>
    Key,

    /// <summary>Direct stores that initialise or copy pages (MOVDIR64B).</summary>
    PageInitialisation,

    /// <summary>
    /// Explicit page operands, beyond their instructions: cold metadata, mappings and translations together (fitted).
    /// </summary>
    Operand,

    /// <summary>Loads and stores of the module's structures, as far as L1D answers them.</summary>
    Memory,

    /// <summary>Loads and stores that L2 answers, as far as their latency shows.</summary>
    L2,

    /// <summary>Those that L3 answers.</summary>
    L3,

    /// <summary>Those that memory answers, through its encryption.</summary>
    Dram,

    /// <summary>Locked accesses.</summary>
    Lock,

    /// <summary>Page walks, TLB fills and the invalidation of translations.</summary>
    Translation,

    /// <summary>Write-back and flush of cache lines.</summary>
    CacheFlush,

    /// <summary>SEAMOPS.</summary>
    Seamops,

    /// <summary>Delivery of exceptions and interrupts.</summary>
    Delivery,

    /// <summary>Ports and memory-mapped devices.</summary>
    Device,

    /// <summary>Host work done in C#, charged from a table.</summary>
    Modelled,

    /// <summary>Nothing to run.</summary>
    Idle,

    /// <summary>Catching up with the time-stamp counter.</summary>
    Sync,
}

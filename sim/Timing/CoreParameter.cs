namespace Seamsim.Timing;

/// <summary>What a core parameter file says besides the costs of operations; the value stands in <c>cycles</c>.</summary>
public enum CoreParameter : byte
{
    /// <summary>Cycles of a hundred straight-line instructions.</summary>
    StraightLine100,

    /// <summary>Kibibytes of the L1 data cache: a power of two of sets, at least 64 of at least two ways.</summary>
    L1dKib,

    /// <summary>Its ways.</summary>
    L1dWays,

    /// <summary>Kibibytes of the L2 cache: a power of two of sets.</summary>
    L2Kib,

    /// <summary>Its ways.</summary>
    L2Ways,

    /// <summary>Kibibytes of a package's L3 cache for each of its logical processors: a whole number of sets.</summary>
    L3KibPerLp,

    /// <summary>Its ways.</summary>
    L3Ways,

    /// <summary>Pages the module keeps mapped on a logical processor.</summary>
    Keyholes,

    /// <summary>Kibibytes of the L1 instruction cache: a power of two of sets, at least 64.</summary>
    L1iKib,

    /// <summary>Its ways.</summary>
    L1iWays,

    /// <summary>Cycles that the encryption of a key other than the platform's adds to an access to memory.</summary>
    MktmeLatency,

    /// <summary>Data translations of 4-KiB pages in the first level; those of every TLB are a whole number of sets.</summary>
    DtlbEntries,

    /// <summary>Its ways.</summary>
    DtlbWays,

    /// <summary>Data translations of 2-MiB and 4-MiB pages in the first level.</summary>
    DtlbLargeEntries,

    /// <summary>Its ways.</summary>
    DtlbLargeWays,

    /// <summary>Translations of 1-GiB pages.</summary>
    HugeTlbEntries,

    /// <summary>Instruction translations of 4-KiB pages in the first level.</summary>
    ItlbEntries,

    /// <summary>Its ways.</summary>
    ItlbWays,

    /// <summary>Instruction translations of larger pages in the first level.</summary>
    ItlbLargeEntries,

    /// <summary>Its ways.</summary>
    ItlbLargeWays,

    /// <summary>Translations in the second level.</summary>
    StlbEntries,

    /// <summary>Its ways.</summary>
    StlbWays,

    /// <summary>Page-directory entries that walks need not read; as many of EPT.</summary>
    PdeCacheEntries,

    /// <summary>Page-directory-pointer-table entries that walks need not read; as many of EPT.</summary>
    PdpteCacheEntries,

    /// <summary>PML4 entries, and as many PML5 entries, that walks need not read; as many of EPT.</summary>
    Pml4eCacheEntries,

    /// <summary>Instructions in flight.</summary>
    RobEntries,

    /// <summary>Instructions issued in a cycle, for what a full reorder buffer hides.</summary>
    IssueWidth,

    /// <summary>Misses of L1D in flight.</summary>
    FillBuffers,

    /// <summary>Cycles a mispredicted branch costs.</summary>
    Misprediction,

    /// <summary>Cycles a taken branch costs that the branch target buffer does not know.</summary>
    Resteer,

    /// <summary>Taken branches the branch target buffer holds: a power of two of sets.</summary>
    BtbEntries,

    /// <summary>Its ways.</summary>
    BtbWays,

    /// <summary>Return addresses that are predicted.</summary>
    ReturnStack,
}

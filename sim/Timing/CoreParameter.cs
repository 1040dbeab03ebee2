namespace Seamsim.Timing;

/// <summary>What a core parameter file says besides the costs of operations; the value stands in <c>cycles</c>.</summary>
public enum CoreParameter : byte
{
    /// <summary>Cycles of a hundred straight-line instructions.</summary>
    StraightLine100,

    /// <summary>Kibibytes of the L1 data cache.</summary>
    L1dKib,

    /// <summary>Its ways.</summary>
    L1dWays,

    /// <summary>Kibibytes of the L2 cache.</summary>
    L2Kib,

    /// <summary>Its ways.</summary>
    L2Ways,

    /// <summary>Kibibytes of a package's L3 cache for each of its logical processors.</summary>
    L3KibPerLp,

    /// <summary>Its ways.</summary>
    L3Ways,

    /// <summary>Pages the module keeps mapped on a logical processor.</summary>
    Keyholes,
}

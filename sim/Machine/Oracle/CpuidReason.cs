namespace Seamsim.Oracle;

/// <summary>What decided the value of a CPUID field, in one word.</summary>
internal enum ReasonKind : byte
{
    /// <summary>A constant of the module.</summary>
    Fixed,

    /// <summary>The processor's value.</summary>
    Native,

    /// <summary>TD_PARAMS, by a setting of the user.</summary>
    Configured,

    /// <summary>TD_PARAMS, taken over from the processor because nothing else was said.</summary>
    TakenOver,

    /// <summary>TD_PARAMS could have allowed it, and did not.</summary>
    LeftZero,

    /// <summary>TD_PARAMS may allow it, but the processor lacks it.</summary>
    Lacking,

    /// <summary>An XFAM bit is 0.</summary>
    XfamOff,

    /// <summary>A bit of ATTRIBUTES.</summary>
    Attributes,

    /// <summary>A bit of ATTRIBUTES is 0.</summary>
    AttributesOff,

    /// <summary>Another virtual CPUID bit is 0.</summary>
    CpuidOff,

    /// <summary>Computed from the rest of the configuration.</summary>
    Calculated,

    /// <summary>TSC_FREQUENCY.</summary>
    Tsc,

    /// <summary>Changes while the TD runs.</summary>
    Dynamic,

    /// <summary>The leaf raises #VE.</summary>
    Ve,

    /// <summary>The tables do not explain what the module answered.</summary>
    Unexplained,
}

/// <summary>Why a field has its value.</summary>
/// <param name="Kind">What decided.</param>
/// <param name="Value">The value that follows from the inputs; 0 where <see cref="ReasonKind.Ve"/>.</param>
/// <param name="Text">The same in words.</param>
internal readonly record struct CpuidReason(ReasonKind Kind, uint Value, string Text);

namespace Seamsim.Isa.Semantics.Float;

/// <summary>
/// Floating-point exceptions in the bit order that MXCSR, the x87 status word and both kinds of masks share. SDM vol.
/// 1, 4.9.1.
/// </summary>
[Flags]
internal enum FloatFlags : byte
{
    None = 0,
    Invalid = 1 << 0,
    Denormal = 1 << 1,
    DivideByZero = 1 << 2,
    Overflow = 1 << 3,
    Underflow = 1 << 4,
    Precision = 1 << 5,

    /// <summary>The exceptions that the operands alone decide.</summary>
    PreComputation = Invalid | Denormal | DivideByZero,

    /// <summary>All six.</summary>
    All = PreComputation | Overflow | Underflow | Precision,
}

/// <summary>Rounding control, as encoded in MXCSR.RC, FCW.RC and immediates. SDM vol. 1, table 4-8.</summary>
internal enum RoundingMode : byte
{
    NearestEven = 0,
    Down = 1,
    Up = 2,
    TowardZero = 3,
}

/// <summary>Which NaN a two-operand instruction returns. SDM vol. 1, table 4-7.</summary>
internal enum NanRule : byte
{
    /// <summary>SSE and later: the first source operand that is a NaN.</summary>
    FirstOperand,

    /// <summary>x87: a QNaN before an SNaN, otherwise the larger significand.</summary>
    LargerSignificand,
}

/// <summary>
/// What an operation needs to know and what it reports: rounding, masks and denormal handling go in, exception flags
/// come out. SDM vol. 1, 4.9, 8.1, 10.2.3.
/// </summary>
internal struct FloatEnvironment
{
    private const int MasksShift = 7, RoundingShift = 13;
    private const uint DazBit = 1u << 6, FtzBit = 1u << 15;

    /// <summary>Rounding control.</summary>
    public RoundingMode Rounding;

    /// <summary>Denormals-are-zeros: denormal operands count as zeros and are not reported.</summary>
    public bool Daz;

    /// <summary>Flush-to-zero: with underflow masked, tiny results become zero.</summary>
    public bool Ftz;

    /// <summary>Exceptions that are masked.</summary>
    public FloatFlags Masks;

    /// <summary>Which NaN wins.</summary>
    public NanRule NanRule;

    /// <summary>Exceptions reported so far.</summary>
    public FloatFlags Raised;

    /// <summary>The last rounding made the magnitude larger (C1 of the x87 status word).</summary>
    public bool RoundedUp;

    /// <summary>The environment MXCSR describes, nothing raised.</summary>
    public static FloatEnvironment FromMxcsr(uint mxcsr) => new()
    {
        Rounding = (RoundingMode)(mxcsr >> RoundingShift & 3),
        Daz = (mxcsr & DazBit) != 0,
        Ftz = (mxcsr & FtzBit) != 0,
        Masks = (FloatFlags)(mxcsr >> MasksShift) & FloatFlags.All,
    };

    /// <summary>The environment the x87 control word describes, nothing raised.</summary>
    public static FloatEnvironment FromControlWord(uint fcw) => new()
    {
        Rounding = (RoundingMode)(fcw >> 10 & 3),
        Masks = (FloatFlags)fcw & FloatFlags.All,
        NanRule = NanRule.LargerSignificand,
    };

    /// <summary>Every exception masked and round to nearest: what instructions without MXCSR use.</summary>
    public static FloatEnvironment Quiet => new() { Masks = FloatFlags.All };

    /// <summary>Whether <paramref name="flag"/> is masked.</summary>
    public readonly bool IsMasked(FloatFlags flag) => (Masks & flag) != 0;

    /// <summary>Reports exceptions.</summary>
    public void Raise(FloatFlags flags) => Raised |= flags;

    /// <summary>
    /// What was reported, as the processor sees it: an unmasked exception that the operands decide is taken before the
    /// computation, so nothing is known of its result. SDM vol. 1, 11.5.3.
    /// </summary>
    public readonly FloatFlags Reported =>
        (Raised & ~Masks & FloatFlags.PreComputation) != 0 ? Raised & FloatFlags.PreComputation : Raised;

    /// <summary>Whether an unmasked exception was reported.</summary>
    public readonly bool Traps => (Raised & ~Masks) != 0;
}

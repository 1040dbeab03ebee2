namespace Seamsim.Isa.Decode;

/// <summary>Whose availability decides whether an instruction may execute. SDM vol. 2A, 2.4 to 2.8; vol. 3A, 14.1.</summary>
internal enum VectorUse : byte
{
    /// <summary>General registers only, legacy encoding.</summary>
    None,

    /// <summary>The x87 stack.</summary>
    X87,

    /// <summary>MMX registers.</summary>
    Mmx,

    /// <summary>XMM registers or MXCSR in the legacy encoding.</summary>
    Sse,

    /// <summary>A VEX prefix, but general registers only: real and virtual-8086 mode do not have it.</summary>
    Vex,

    /// <summary>XMM or YMM registers in the VEX encoding.</summary>
    Avx,

    /// <summary>The EVEX encoding, or opmask registers.</summary>
    Avx512,
}

/// <summary>
/// What control registers say about vector state, as part of a block's key: a block binds each instruction to its
/// handler or to the exception that the instruction meets.
/// </summary>
[Flags]
internal enum VectorMode : byte
{
    None = 0,

    /// <summary>CR0.TS.</summary>
    TaskSwitched = 1,

    /// <summary>CR0.EM.</summary>
    Emulation = 2,

    /// <summary>CR4.OSFXSR.</summary>
    Sse = 4,

    /// <summary>CR4.OSXSAVE, and XCR0 enables SSE and AVX state.</summary>
    Avx = 8,

    /// <summary>As <see cref="Avx"/>, and XCR0 enables the three AVX-512 components.</summary>
    Avx512 = 16,

    /// <summary>Protected mode and not virtual-8086 mode.</summary>
    Vex = 32,
}

namespace Seamsim.Trace;

/// <summary>
/// Registers a trace can hold. The first 32 go in one mask; vector registers follow as 64-bit words, eight to each of
/// ZMM0..ZMM31.
/// </summary>
public enum RegisterId : ushort
{
#pragma warning disable CS1591 // the names are the registers'
    Rax, Rcx, Rdx, Rbx, Rsp, Rbp, Rsi, Rdi, R8, R9, R10, R11, R12, R13, R14, R15,
    Rflags, Cr0, Cr2, Cr3, Cr4, Cr8, Efer, Xcr0, FsBase, GsBase, Mxcsr, Cs, Ss,
#pragma warning restore CS1591

    /// <summary>The lowest 64 bits of ZMM0; word w of register n is 32 + 8n + w.</summary>
    Zmm0 = 32,

    /// <summary>One more than the last word of ZMM31.</summary>
    End = 32 + 256,
}

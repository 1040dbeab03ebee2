using System.Runtime.InteropServices;

namespace Seamsim.Tests.Isa.Native;

/// <summary>What a user program sees of a processor, as plain memory: the input and the output of one instruction.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ProcessorState
{
    /// <summary>RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8..R15.</summary>
    public fixed ulong Gpr[16];

    public ulong Rip, Rflags;

    /// <summary>ZMM0..ZMM31.</summary>
    public fixed ulong Zmm[32 * 8];

    /// <summary>k0..k7.</summary>
    public fixed ulong K[8];

    /// <summary>ST(0)..ST(7), 16 bytes each of which 10 are used.</summary>
    public fixed ulong St[8 * 2];

    public uint Mxcsr;

    /// <summary>x87 control and status word; the abridged tag word, bit n for physical register n.</summary>
    public ushort Fcw, Fsw, Ftw;
}

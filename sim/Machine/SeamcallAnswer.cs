using Seamsim.Firmware.Abi;

namespace Seamsim;

/// <summary>What one SEAMCALL left behind.</summary>
/// <param name="Registers">RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8..R15.</param>
/// <param name="Rflags">RFLAGS: CF = 1 is VMfailInvalid, ZF = 1 VMfailValid.</param>
/// <param name="Exception">Vector of the exception the instruction raised, or −1.</param>
/// <param name="Cycles">Core cycles from the instruction to the host's next one.</param>
public sealed record SeamcallAnswer(IReadOnlyList<ulong> Registers, ulong Rflags, int Exception, ulong Cycles)
{
    /// <summary>RAX as a completion status.</summary>
    public TdxStatus Status => new(Registers[0]);

    /// <summary>Carry flag.</summary>
    public bool Cf => (Rflags & 1) != 0;

    /// <summary>Zero flag.</summary>
    public bool Zf => (Rflags & 0x40) != 0;
}

using Seamsim.Isa.Engine;

namespace Seamsim.Isa.State;

public sealed unsafe partial class Core
{
    /// <summary>RFLAGS with the lazy arithmetic flags materialised. Writing takes every bit as given (bit 1 reads 1).</summary>
    public ulong Rflags
    {
        get => LazyFlags.Read(Lp);
        set => LazyFlags.Write(Lp, value);
    }

    /// <summary>Current privilege level: the DPL of SS. SDM vol. 3A, 5.5; 0 in real mode.</summary>
    public int Cpl => (int)(Lp->Ss.AccessRights >> 5) & 3;

    /// <summary>IA32_EFER.LMA and CS.L: 64-bit code.</summary>
    public bool LongMode64 => (Lp->Efer & EferBit.Lma) != 0 && (Lp->Cs.AccessRights & SegmentBit.Long) != 0;

    /// <summary>IA32_EFER.LMA: IA-32e mode, 64-bit or compatibility.</summary>
    public bool LongModeActive => (Lp->Efer & EferBit.Lma) != 0;

    /// <summary>CR0.PE = 0.</summary>
    internal bool InRealMode => (Lp->Cr0 & Cr0Bit.Pe) == 0;

    /// <summary>RFLAGS.VM: virtual-8086 mode; CPL is 3.</summary>
    internal bool InVirtual8086 => (Lp->Rflags & RflagsBit.Vm) != 0;

    /// <summary>Segments are selector × 16: real or virtual-8086 mode.</summary>
    internal bool HasRealSegments => InRealMode || InVirtual8086;

    /// <summary>I/O privilege level.</summary>
    internal int Iopl => (int)(Lp->Rflags >> 12) & 3;

    /// <summary>
    /// RFLAGS.RF has just been loaded (IRET, task switch, VM entry, an unfinished string instruction): it stays for the
    /// next instruction. SDM vol. 3B, 18.3.1.1.
    /// </summary>
    internal void KeepResumeFlag() => keepsResumeFlag = true;

    /// <summary>A general register: 0 RAX, 1 RCX, 2 RDX, 3 RBX, 4 RSP, 5 RBP, 6 RSI, 7 RDI, 8.. R8...</summary>
    public ref ulong Gpr(int register) => ref Lp->Gpr[register & 15];
}

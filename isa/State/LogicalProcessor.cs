using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Seamsim.Isa.State;

/// <summary>
/// The architectural state of one logical processor as plain memory (design decision D2). It lives outside the
/// managed heap, is reached by pointer, and carries a handle to its managed <see cref="Core"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct LogicalProcessor
{
    /// <summary>RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8..R15: the encoding's own order.</summary>
    public fixed ulong Gpr[16];

    /// <summary>Linear offset of the next instruction.</summary>
    public ulong Rip;

    /// <summary>Lazy arithmetic flags: the operands, result and rule of the last instruction that wrote them.</summary>
    public ulong FlagA, FlagB, FlagResult;

    /// <summary>How <see cref="FlagA"/>.. become CF, PF, AF, ZF, SF, OF.</summary>
    public uint FlagRule;

    /// <summary>Reserved so that the struct stays naturally aligned.</summary>
    public uint Reserved0;

    /// <summary>All RFLAGS bits but the six arithmetic ones (and those too when the rule says "materialised").</summary>
    public ulong Rflags;

    /// <summary>Instructions left until the next event; counted down at every block head.</summary>
    public long Budget;

    /// <summary>Instructions retired since reset.</summary>
    public ulong Instructions;

    /// <summary>The clock of this logical processor in core cycles.</summary>
    public ulong Cycles;

    /// <summary>Always zero: the register an absent base or index names.</summary>
    public ulong Zero;

    /// <summary>The run loop gets control at the first block head at or after this clock value.</summary>
    public ulong CycleLimit;

    /// <summary>The software TLB of the address space and privilege in force.</summary>
    public Paging.TlbEntry* Tlb;

    /// <summary>Virtual jump cache in front of the block cache.</summary>
    public Engine.JumpEntry* JumpCache;

    /// <summary>Names address space, privilege and code size; a jump-cache entry is valid in the space it names.</summary>
    public ulong CodeSpace;

    /// <summary>Where a chain wants its next block linked; null when the jump must not be linked.</summary>
    public Engine.Op** LinkSlot;

    /// <summary>Value and second half that a slow memory access hands back.</summary>
    public ulong Slow, SlowHigh;

    /// <summary>Scratch of handlers whose results do not fit the operation's return value.</summary>
    public ulong Scratch;

    /// <summary>Second scratch value.</summary>
    public ulong Scratch2;

    /// <summary>64 minus the number of linear-address bits: shifted left and back by it, a canonical address is itself.</summary>
    public int CanonicalShift;

    /// <summary>Not zero: the chain ends after the running instruction (code was written, an event may have come up).</summary>
    public uint Leave;

    /// <summary>Why the chain returned to the run loop.</summary>
    public Engine.ChainEnd End;

    /// <summary>Whether the logical processor executes instructions. As in the VMCS guest activity state.</summary>
    public ActivityState Activity;

    /// <summary>Blocking by STI (bit 0) and by MOV SS (bit 1). As in the VMCS guest interruptibility state.</summary>
    public byte InterruptShadow;

    /// <summary>Blocking by NMI, from the delivery of an NMI to the next IRET.</summary>
    [MarshalAs(UnmanagedType.U1)]
    public bool NmiBlocked;

    /// <summary>Instructions of the block begun by single steps whose cycles are already accounted.</summary>
    public uint Prepaid;

    /// <summary>ES, CS, SS, DS, FS, GS with their hidden parts, in the encoding's order.</summary>
    public Segment Es, Cs, Ss, Ds, Fs, Gs;

    /// <summary>System segments.</summary>
    public Segment Ldtr, Tr;

    /// <summary>Descriptor tables.</summary>
    public ulong GdtrBase, IdtrBase;

    /// <summary>Limits of the descriptor tables.</summary>
    public uint GdtrLimit, IdtrLimit;

    /// <summary>Control registers; CR8 is the local APIC's TPR[7:4].</summary>
    public ulong Cr0, Cr2, Cr3, Cr4, Cr8;

    /// <summary>The four page-directory-pointer-table entries that PAE paging keeps. SDM vol. 3A, 4.4.1.</summary>
    public fixed ulong Pdpte[4];

    /// <summary>IA32_EFER.</summary>
    public ulong Efer;

    /// <summary>IA32_STAR, IA32_LSTAR, IA32_CSTAR, IA32_FMASK.</summary>
    public ulong Star, Lstar, Cstar, Fmask;

    /// <summary>IA32_KERNEL_GS_BASE and IA32_TSC_AUX.</summary>
    public ulong KernelGsBase, TscAux;

    /// <summary>IA32_SYSENTER_CS, IA32_SYSENTER_ESP, IA32_SYSENTER_EIP.</summary>
    public ulong SysenterCs, SysenterEsp, SysenterEip;

    /// <summary>Debug registers DR0..DR3, DR6, DR7.</summary>
    public ulong Dr0, Dr1, Dr2, Dr3, Dr6, Dr7;

    /// <summary>XCR0 and IA32_XSS.</summary>
    public ulong Xcr0, Xss;

    /// <summary>Shadow-stack pointer.</summary>
    public ulong Ssp;

    /// <summary>Debug exceptions recognised but not delivered yet; VMCS format (SDM vol. 3C, 25.4.2).</summary>
    public ulong PendingDebug;

    /// <summary>Handle to the managed <see cref="Core"/>.</summary>
    public nint Core;

    /// <summary>Where handlers append what an observer wants to see; null while there is none.</summary>
    public Probes.ProbeCursor* Probe;

    /// <summary>State of the attached <see cref="Ports.CoreTiming"/>, which alone knows its layout; null while there is none.</summary>
    public void* Timing;

    /// <summary>RAX..R15 as the observer saw them last.</summary>
    public fixed ulong ProbedGpr[16];

    /// <summary>Instructions of the block entered last that did not retire, when the chain left it half-way.</summary>
    public uint Unretired;

    /// <summary>SIMD floating-point exceptions of the running instruction: bits 5:0 of MXCSR, not merged yet.</summary>
    public uint SimdRaised;

    /// <summary>What a slow access of more than 8 bytes hands over. Its alignment is that of the registers below.</summary>
    public Vector512<byte> SlowVector;

    /// <summary>Result of an operation that may not write its destination before it has read all its sources.</summary>
    public Vector512<byte> VectorResult;

    /// <summary>ZMM0..ZMM31, 64 bytes each; YMM and XMM registers are their low 32 and 16 bytes.</summary>
    public fixed ulong Zmm[32 * 8];

    /// <summary>Opmask registers k0..k7.</summary>
    public fixed ulong K[8];

    /// <summary>Physical x87 registers R0..R7, 16 bytes each of which 10 are used; MMn is the significand of Rn.</summary>
    public fixed ulong St[8 * 2];

    /// <summary>x87 control word, and status word with TOP in bits 13:11.</summary>
    public ushort Fcw, Fsw;

    /// <summary>x87 tag word in the abridged form of FXSAVE: bit n is set when Rn is not empty.</summary>
    public byte Ftw;

    /// <summary>1: MONITOR or UMONITOR has set up an address range that nothing has used yet.</summary>
    public byte MonitorArmed;

    /// <summary>Last x87 opcode: 11 bits.</summary>
    public ushort Fop;

    /// <summary>Selectors of the last x87 instruction and of its memory operand.</summary>
    public ushort Fcs, Fds;

    /// <summary>Offsets of the last x87 instruction and of its memory operand.</summary>
    public ulong Fip, Fdp;

    /// <summary>SSE control and status.</summary>
    public uint Mxcsr;

    /// <summary>Protection-key rights for user pages.</summary>
    public uint Pkru;

    /// <summary>IA32_U_CET and IA32_PL3_SSP: XSAVE component 11.</summary>
    public ulong UCet, Pl3Ssp;

    /// <summary>IA32_PL0_SSP, IA32_PL1_SSP and IA32_PL2_SSP: XSAVE component 12.</summary>
    public ulong Pl0Ssp, Pl1Ssp, Pl2Ssp;

    /// <summary>IA32_S_CET and IA32_INTERRUPT_SSP_TABLE_ADDR.</summary>
    public ulong SCet, InterruptSspTable;

    /// <summary>IA32_PKRS: protection-key rights for supervisor pages.</summary>
    public ulong Pkrs;

    /// <summary>The XSAVE-managed components no field above stands for, one behind the other.</summary>
    public fixed byte OtherComponents[ExtendedState.OtherBytes];
}

/// <summary>A segment register: selector and hidden part. SDM vol. 3A, 3.4.3; access rights as in the VMCS (24.4.1).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct Segment
{
    /// <summary>Base address; 64 bits for FS, GS, LDTR, TR.</summary>
    public ulong Base;

    /// <summary>Limit in bytes, granularity already applied.</summary>
    public uint Limit;

    /// <summary>VMCS access-rights format: type 3:0, S 4, DPL 6:5, P 7, AVL 12, L 13, D/B 14, G 15, unusable 16.</summary>
    public uint AccessRights;

    /// <summary>The visible selector.</summary>
    public ushort Selector;

    /// <summary>Reserved so that the struct stays naturally aligned.</summary>
    public ushort Reserved0;

    /// <summary>Reserved so that the struct stays naturally aligned.</summary>
    public uint Reserved1;
}

using System.Runtime.InteropServices;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine;

/// <summary>
/// One pre-decoded instruction (or two fused ones) of a block, in native memory. A block is an array of them that
/// begins with a head; the successor of a straight-line op is the next array element.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = 80)]
public unsafe struct Op
{
    /// <summary>The handler: does the work and goes on with the next op. Null ends a chain.</summary>
    internal delegate*<LogicalProcessor*, Op*, Op*> Fn;

    /// <summary>Immediate operand, sign-extended; instruction index for system ops; cycles in a head.</summary>
    internal ulong Imm;

    /// <summary>Displacement, or the whole address for RIP-relative and absolute operands.</summary>
    internal ulong Disp;

    /// <summary>Byte offsets into the LP struct: destination, source, base and index registers.</summary>
    internal byte Dst, Src, Base, Index;

    /// <summary>Left shift of the index; segment override; length of the instruction in bytes.</summary>
    internal byte Shift, Segment, Length;

    /// <summary>Instructions from this op to the end of its block, itself included.</summary>
    internal byte Left;

    /// <summary>Linear offset of the following instruction.</summary>
    internal ulong NextRip;

    /// <summary>Branch target.</summary>
    internal ulong Target;

    /// <summary>Heads of the blocks at the target and behind a conditional branch; null until linked.</summary>
    internal Op* Link, LinkNext;

    /// <summary>The same operation with every memory access checked and translated out of line.</summary>
    internal delegate*<LogicalProcessor*, Op*, Op*> Careful;

    /// <summary>Address and operand size and code size the instruction was decoded with; free for the handler.</summary>
    internal uint Mode;

    /// <summary>Instructions this op stands for: 2 when fused.</summary>
    internal uint Count;
}

/// <summary>An entry of the virtual jump cache: the block at a linear address in one code space.</summary>
[StructLayout(LayoutKind.Sequential, Size = 32)]
public unsafe struct JumpEntry
{
    internal ulong Rip;
    internal ulong Space;
    internal Op* Head;
}

/// <summary>Why a chain of handlers came back to the run loop.</summary>
public enum ChainEnd : byte
{
    /// <summary>The grant is used up, or the block at RIP has to be looked up.</summary>
    Lookup,

    /// <summary>An exception is pending; RIP names the faulting instruction.</summary>
    Fault,

    /// <summary>An instruction asks the run loop to look at events before going on.</summary>
    Events,

    /// <summary>The logical processor waits.</summary>
    Halted,

    /// <summary>The logical processor is in shutdown.</summary>
    Shutdown,

    /// <summary>RIP reached managed code.</summary>
    Managed,
}

using System.Runtime.InteropServices;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine;

/// <summary>
/// One pre-decoded instruction (or two fused ones) of a block, in native memory. A block is an array of them that
/// begins with a head; the successor of a straight-line op is the next array element.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = 96)]
public unsafe struct Op
{
    /// <summary>The handler: does the work and goes on with the next op.</summary>
    internal delegate*<LogicalProcessor*, Op*, Op*> Fn;

    /// <summary>Immediate operand, sign-extended; address of the decoded instruction of a system op; cycles of a head.</summary>
    internal ulong Imm;

    /// <summary>Displacement, or the whole address of RIP-relative and absolute operands.</summary>
    internal ulong Disp;

    /// <summary>Byte offsets into the LP struct: destination, source, base and index registers.</summary>
    internal byte Dst, Src, Base, Index;

    /// <summary>Left shift of the index; segment register of the memory operand; length of the instruction in bytes.</summary>
    internal byte Shift, Segment, Length;

    /// <summary>Instructions from this op to the end of its block, itself included; all of them in a head.</summary>
    internal byte Left;

    /// <summary>
    /// Heads of the blocks at the target and behind a conditional branch; null until linked. Of a head: the marker of the
    /// timing.
    /// </summary>
    internal Op* Link, LinkNext;

    /// <summary>Linear offset of the following instruction; of the first one in a head.</summary>
    internal ulong NextRip;

    /// <summary>Branch target.</summary>
    internal ulong Target;

    /// <summary>The same operation with every memory access checked and translated out of line.</summary>
    internal delegate*<LogicalProcessor*, Op*, Op*> Careful;

    /// <summary>Which handler this is, to find its careful version when it is first needed.</summary>
    internal ulong Key;

    /// <summary>Branches: <see cref="Interpreter.OpMode"/>. Memory operands: address size and bytes accessed.</summary>
    internal uint Mode;

    /// <summary>Instructions this op stands for: 2 when fused.</summary>
    internal uint Count;

    /// <summary>
    /// Byte offsets into the LP struct of vector operands: destination, first source, fourth register, register-or-memory.
    /// </summary>
    internal ushort VDst, VA, VB, VRm;
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

    /// <summary>The op that came back is to be executed by the run loop.</summary>
    System,

    /// <summary>RIP reached managed code.</summary>
    Managed,
}

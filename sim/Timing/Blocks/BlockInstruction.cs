using Iced.Intel;

namespace Seamsim.Timing.Blocks;

/// <summary>An instruction of a block with what it costs where it stands.</summary>
internal sealed class BlockInstruction
{
    /// <summary>As decoded.</summary>
    public Instruction Instruction;

    /// <summary>Its row; null when its form is in no table.</summary>
    public InstructionRow? Row;

    /// <summary>What it costs in its shape.</summary>
    public required MicroOps Cost { get; init; }

    /// <summary>
    /// Latencies of its shape; null for a form in no table, whose every output waits for every input.
    /// </summary>
    public required Latency[]? Latencies { get; init; }

    /// <summary>The registers it reads and writes; those of the x87 stack by where they are.</summary>
    public required UsedRegister[] Used { get; init; }

    /// <summary>Which register of the x87 stack is ST(0) before it, from the start of the block.</summary>
    public int X87Top { get; init; }

    /// <summary>Whether it reads its memory operand.</summary>
    public bool Loads { get; init; }

    /// <summary>Whether it writes memory.</summary>
    public bool Stores { get; init; }

    /// <summary>Where its first byte is, from the start of the block.</summary>
    public int Start { get; init; }

    /// <summary>Bytes.</summary>
    public int Length { get; init; }

    /// <summary>Where its nominal opcode byte is, from its first byte.</summary>
    public int OpcodeOffset { get; init; }

    /// <summary>Whether an operand-size prefix changes the length of its immediate.</summary>
    public bool LengthChangingPrefix { get; init; }

    /// <summary>Whether the next instruction is a jump that fused with this one.</summary>
    public bool FusesWithNext { get; set; }

    /// <summary>Whether this is a jump that fused with the instruction before it.</summary>
    public bool FusedWithPrevious { get; set; }

    /// <summary>Whether its source registers are the same and its row knows what that means.</summary>
    public bool SameSources { get; init; }

    /// <summary>Whether the row says one instruction may be waiting for a jump.</summary>
    public bool MayFuse => Row is { Fusion: not FusionClass.None };

    /// <summary>Whether the memory operand has an index register.</summary>
    public bool IsIndexed { get; init; }

    /// <summary>µops that synchronise the stack engine before it, an iteration.</summary>
    public Ratio StackSyncs { get; set; }

    /// <summary>Whether a wider register with a high byte written on its own is merged before it.</summary>
    public bool MergesHighByte { get; set; }

    /// <summary>Whether it is a branch.</summary>
    public bool IsBranch => Instruction.FlowControl is FlowControl.ConditionalBranch or FlowControl.UnconditionalBranch
        or FlowControl.IndirectBranch or FlowControl.Call or FlowControl.IndirectCall or FlowControl.Return;

    /// <summary>Whether a zeroing mask keeps nothing of its first operand, and no source is that register.</summary>
    public bool ZeroesDestination => Instruction.ZeroingMasking && Array.TrueForAll(Used, used =>
        used.Register.GetFullRegister() != Instruction.Op0Register.GetFullRegister() || used.Access == OpAccess.Write);

    /// <summary>Whether it owns its memory operand from its load to its store: a LOCK prefix, or XCHG.</summary>
    public bool IsLocked => Loads && Stores && (Instruction.HasLockPrefix || Instruction.Mnemonic == Mnemonic.Xchg);

    /// <summary>Whether its µops come from microcode.</summary>
    public bool IsMicrocoded => Row is { Microcode: > 0 };

    /// <summary>Whether renaming does all its work: no µop executes.</summary>
    public bool IsEliminated => Cost.Ports.Length == 0 && !FusedWithPrevious;
}

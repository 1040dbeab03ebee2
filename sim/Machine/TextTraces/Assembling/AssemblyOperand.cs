using Iced.Intel;

namespace Seamsim.TextTraces.Assembling;

/// <summary>What kind of thing an operand is.</summary>
internal enum OperandForm : byte
{
    /// <summary>A register.</summary>
    Register,

    /// <summary>A number, or the address of a label.</summary>
    Number,

    /// <summary>Memory.</summary>
    Memory,
}

/// <summary>An operand as it was written.</summary>
internal sealed record AssemblyOperand(OperandForm Form)
{
    /// <summary>The register of <see cref="OperandForm.Register"/>.</summary>
    public Register Register { get; init; }

    /// <summary>Whether it was written as <c>st(0)</c> and not as <c>st</c>.</summary>
    public bool IsNumbered { get; init; }

    /// <summary>The number, or what is added to a label; the displacement of memory.</summary>
    public ulong Value { get; init; }

    /// <summary>Whether <see cref="Value"/> was written with a minus sign.</summary>
    public bool IsNegative { get; init; }

    /// <summary>The label whose address is meant, or null.</summary>
    public string? Label { get; init; }

    /// <summary>Bytes said by <c>byte ptr</c>…<c>zmmword ptr</c>; 0 when nothing is said.</summary>
    public int Bytes { get; init; }

    /// <summary>Whether one element is broadcast: <c>{1to8}</c> or <c>bcst</c>.</summary>
    public bool IsBroadcast { get; init; }

    /// <summary>Elements said by <c>{1toN}</c>; 0 when nothing is said.</summary>
    public int BroadcastTo { get; init; }

    /// <summary>Base and index of memory.</summary>
    public Register Base { get; init; }

    /// <summary>Index register of memory, general or vector.</summary>
    public Register Index { get; init; }

    /// <summary>Scale of the index: 1, 2, 4, 8.</summary>
    public int Scale { get; init; } = 1;

    /// <summary>Whether the displacement is said to be relative to RIP as it stands in the encoding.</summary>
    public bool IsRipOffset { get; init; }

    /// <summary>Segment override.</summary>
    public Register Segment { get; init; }

    /// <summary>Whether <c>far</c> was written.</summary>
    public bool IsFar { get; init; }

    /// <summary>The short or near form of a branch, when one was asked for.</summary>
    public BranchReach Reach { get; init; }
}

/// <summary>How far a branch is said to reach.</summary>
internal enum BranchReach : byte
{
    /// <summary>Nothing is said: the shortest that does.</summary>
    Any,

    /// <summary><c>short</c>: an 8-bit displacement.</summary>
    Short,

    /// <summary><c>near</c>: a 32-bit displacement.</summary>
    Near,
}

/// <summary>Prefixes and decorators of an instruction.</summary>
[Flags]
internal enum InstructionMarks
{
#pragma warning disable CS1591 // named as they are written
    None = 0, Lock = 1, Rep = 2, Repne = 4, Xacquire = 8, Xrelease = 16, Bnd = 32, Notrack = 64, Zeroing = 128,
    SuppressAll = 256, HintTaken = 512, HintNotTaken = 1024, Data16 = 2048, Data64 = 4096, Addr32 = 8192,
#pragma warning restore CS1591
}

/// <summary>An instruction as it was written: names looked up, nothing chosen.</summary>
/// <param name="Mnemonic">In lower case.</param>
/// <param name="Operands">In Intel order.</param>
internal sealed record AssemblyLine(string Mnemonic, IReadOnlyList<AssemblyOperand> Operands)
{
    /// <summary>Prefixes and decorators.</summary>
    public InstructionMarks Marks { get; init; }

    /// <summary>Write mask.</summary>
    public Register OpMask { get; init; }

    /// <summary>Embedded rounding.</summary>
    public RoundingControl Rounding { get; init; }

    /// <summary>Segment written as a prefix of its own, e.g. for string instructions.</summary>
    public Register Segment { get; init; }

    /// <summary>Whether the encoding depends on where it stands or on a label.</summary>
    public bool DependsOnPlace =>
        Operands.Any(operand => operand.Label is not null || operand.Form == OperandForm.Memory
            && operand.Base is Register.RIP or Register.EIP || operand.Reach != BranchReach.Any)
        || Operands is [{ Form: OperandForm.Number }];
}

/// <summary>Text that is no instruction, with the reason.</summary>
internal sealed class AssemblyException(string message) : Exception(message);

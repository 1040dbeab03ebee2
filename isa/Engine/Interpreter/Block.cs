using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine.Interpreter;

/// <summary>Which code a block is the translation of.</summary>
/// <param name="Physical">Host-physical address of the first byte, KeyID included.</param>
/// <param name="Rip">Linear offset of the first byte: ops contain absolute addresses.</param>
/// <param name="Mode">
/// Code size (0: 64, 1: 32, 2: 16 bits); <see cref="Step"/> for a block of one instruction; what vector state is usable;
/// which parts of CET are on.
/// </param>
/// <param name="Limit">Limit of the code segment outside 64-bit code: no instruction of the block goes beyond it.</param>
internal readonly record struct BlockKey(ulong Physical, ulong Rip, uint Mode, uint Limit = uint.MaxValue)
{
    /// <summary>One instruction that leaves complete flags: for single steps.</summary>
    public const uint Step = 0x80;

    /// <summary>Where <see cref="Decode.VectorMode"/> is.</summary>
    public const int VectorShift = 8;

    /// <summary>What vector state is usable.</summary>
    public Decode.VectorMode VectorMode => (Decode.VectorMode)(byte)(Mode >> VectorShift);

    /// <summary>Where <see cref="Core.CetMode"/> is.</summary>
    public const int CetShift = 16;

    /// <summary>CALL and RET keep a shadow stack.</summary>
    public bool IsShadowed => (Mode >> CetShift & Core.ShadowStackMode) != 0;

    /// <summary>Indirect branches must meet an ENDBRANCH.</summary>
    public bool IsTracked => (Mode >> CetShift & Core.TrackingMode) != 0;
}

/// <summary>A decoded block.</summary>
internal sealed unsafe class Block
{
    public required BlockKey Key { get; init; }

    public required Op* Head { get; init; }

    /// <summary>The first instruction: an ENDBRANCH may be expected there.</summary>
    public Iced.Intel.Code First { get; init; }

    /// <summary>The page the first instruction continues on when it crosses a page end; such blocks are never linked.</summary>
    public Hpa? SecondPage { get; init; }

    /// <summary>Link fields that point to this block, to be cut when it goes.</summary>
    public List<nint> Incoming { get; } = [];

    /// <summary>The code has changed: the block is out of the cache.</summary>
    public bool Dropped { get; set; }
}

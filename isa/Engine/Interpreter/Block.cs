namespace Seamsim.Isa.Engine.Interpreter;

/// <summary>Which code a block is the translation of.</summary>
/// <param name="Physical">Host-physical address of the first byte, KeyID included.</param>
/// <param name="Rip">Linear offset of the first byte: ops contain absolute addresses.</param>
/// <param name="Mode">
/// Code size (0: 64, 1: 32, 2: 16 bits); <see cref="Step"/> for a block of one instruction; what vector state is usable.
/// </param>
/// <param name="Limit">Limit of the code segment outside 64-bit code: no instruction of the block goes beyond it.</param>
internal readonly record struct BlockKey(ulong Physical, ulong Rip, ushort Mode, uint Limit = uint.MaxValue)
{
    /// <summary>One instruction that leaves complete flags: for single steps.</summary>
    public const ushort Step = 0x80;

    /// <summary>Where <see cref="Decode.VectorMode"/> is.</summary>
    public const int VectorShift = 8;

    /// <summary>What vector state is usable.</summary>
    public Decode.VectorMode VectorMode => (Decode.VectorMode)(Mode >> VectorShift);
}

/// <summary>A decoded block.</summary>
internal sealed unsafe class Block
{
    public required BlockKey Key { get; init; }

    public required Op* Head { get; init; }

    /// <summary>The page the first instruction continues on when it crosses a page end; such blocks are never linked.</summary>
    public Hpa? SecondPage { get; init; }

    /// <summary>Link fields that point to this block, to be cut when it goes.</summary>
    public List<nint> Incoming { get; } = [];

    /// <summary>The code has changed: the block is out of the cache.</summary>
    public bool Dropped { get; set; }
}

namespace Seamsim.Timing.Blocks;

/// <summary>The conditional jumps an instruction fuses with.</summary>
internal enum FusionClass : byte
{
    None,

    /// <summary>Conditions on ZF, SF and OF only: INC, DEC.</summary>
    NoCarry,

    /// <summary>Also those on CF: CMP, ADD, SUB.</summary>
    Arithmetic,

    /// <summary>All: TEST, AND.</summary>
    All,
}

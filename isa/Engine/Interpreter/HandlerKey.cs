namespace Seamsim.Isa.Engine.Interpreter;

/// <summary>The generic handlers.</summary>
internal enum Family : byte
{
    Alu, Compare, Unary, AluImmediate, ThreeOperand, MultiplyExtended, DoubleShift, Accumulate, Move, MoveReversed,
    MoveZero, MoveSign, Lea, Exchange, ExchangeAdd, CompareExchange, MoveIf, SetIf, Implicit, Checksum, VectorLanes,
    VectorMmx, VectorWhole, VectorStore, VectorFlags, VectorGeneral, Push, Pop, LeaveFrame, CallDirect, CallIndirect,
    Return, JumpDirect, FallThrough, JumpIf, CompareJump, TestJump, JumpIndirect, LoopJump, System, Managed,
}

/// <summary>Where an operand of a handler lives.</summary>
internal enum Place : byte
{
    None, Register, Immediate, Cl, BaseDisp, BaseIndexDisp, AnyAddress, Careful,
}

/// <summary>
/// Everything that selects the type arguments of a handler, packed into 64 bits so that finding one is a lookup.
/// </summary>
/// <param name="Family">Which generic handler.</param>
/// <param name="Operation">
/// Position in <see cref="Decode.InstructionTable"/> (or <see cref="Decode.Simd.VectorTable"/>) of the operation; 0 when
/// there is none.
/// </param>
/// <param name="Condition">Condition code 0..15; of the vector families, <see cref="VectorForm"/>.</param>
/// <param name="Width">Operand width: log2 of the bytes.</param>
/// <param name="From">Width of the source of an extension.</param>
/// <param name="Dst">Place of the destination.</param>
/// <param name="Src">Place of the source.</param>
/// <param name="Flags">Flags are wanted.</param>
/// <param name="Careful">The version that translates out of line.</param>
internal readonly record struct HandlerKey(
    Family Family, ushort Operation, byte Condition, byte Width, byte From, Place Dst, Place Src, bool Flags, bool Careful)
{
    public ulong Pack() =>
        (ulong)Family | ((ulong)Operation << 40) | ((ulong)Condition << 16) | ((ulong)Width << 20) | ((ulong)From << 24)
        | ((ulong)Dst << 28) | ((ulong)Src << 32) | (Flags ? 1UL << 36 : 0) | (Careful ? 1UL << 37 : 0);

    public static HandlerKey Unpack(ulong packed) => new(
        (Family)(byte)packed, (ushort)(packed >> 40), (byte)(packed >> 16 & 15), (byte)(packed >> 20 & 15),
        (byte)(packed >> 24 & 15), (Place)(packed >> 28 & 15), (Place)(packed >> 32 & 15),
        (packed >> 36 & 1) != 0, (packed >> 37 & 1) != 0);

    /// <summary>The version whose memory operands are careful and whose flags are complete.</summary>
    public HandlerKey ToCareful() => this with { Dst = ToCareful(Dst), Src = ToCareful(Src), Flags = true, Careful = true };

    private static Place ToCareful(Place place) => place >= Place.BaseDisp ? Place.Careful : place;
}

/// <summary>What the condition field of a vector handler's key holds.</summary>
[Flags]
internal enum VectorForm : byte
{
    None = 0,

    /// <summary>VEX and EVEX: the destination register is cleared above the result.</summary>
    ZeroUpper = 1,

    /// <summary>A memory operand that is not aligned to its size is #GP(0).</summary>
    Aligned = 2,

    /// <summary>The destination is a general or an opmask register: 8 bytes are written.</summary>
    Word = 4,

    /// <summary>There is no destination: flags, or what the operation writes itself.</summary>
    NoResult = 8,
}

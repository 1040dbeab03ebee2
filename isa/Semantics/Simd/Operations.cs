using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Simd;

/// <summary>
/// An operation on 128-bit lanes: executed once for XMM, two times for YMM, four times for ZMM; MMX takes the low half.
/// Operands: the old destination, the first source (the destination itself in two-operand forms), the fourth register
/// (XMM0 where it is implicit), and the register-or-memory operand, zero-extended when it is smaller.
/// </summary>
internal unsafe interface IVectorOperation
{
    /// <summary>Adds SIMD floating-point exceptions to <see cref="LogicalProcessor.SimdRaised"/>.</summary>
    static abstract bool RaisesExceptions { get; }

    /// <summary>How far the immediate moves on from lane to lane.</summary>
    static abstract int ImmediateBitsPerLane { get; }

    static abstract Vector128<byte> Apply(LogicalProcessor* lp, Vector128<byte> dst, Vector128<byte> a, Vector128<byte> b,
        Vector128<byte> rm, uint imm);
}

/// <summary>
/// An operation that moves data across lanes, or whose operands differ in size. It writes what it produces to
/// <c>d</c>, 64 zero bytes that overlap no operand; <c>bytes</c> is the size of the largest register operand.
/// </summary>
internal unsafe interface IWholeOperation
{
    /// <summary>As in <see cref="IVectorOperation"/>.</summary>
    static virtual bool RaisesExceptions => false;

    static abstract void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm);
}

/// <summary>Arithmetic flags of two operands: the new values of all six. It may set bits of SimdRaised.</summary>
internal unsafe interface IFlagsOperation
{
    static abstract ulong Apply(LogicalProcessor* lp, Vector128<byte> a, Vector128<byte> rm);
}

/// <summary>result = op(rm).</summary>
internal interface IUnary
{
    static abstract Vector128<byte> Apply(Vector128<byte> rm, uint imm);
}

/// <summary>result = op(a, rm).</summary>
internal interface IBinary
{
    static abstract Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm);
}

/// <summary>result = op(a, rm), the immediate holding other bits for each lane.</summary>
internal interface IBinaryByLane
{
    static abstract int ImmediateBits { get; }

    static abstract Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm);
}

/// <summary>result = op(dst, a, rm).</summary>
internal interface ITernary
{
    static abstract Vector128<byte> Apply(Vector128<byte> dst, Vector128<byte> a, Vector128<byte> rm, uint imm);
}

/// <summary>result = op(a, rm, fourth register).</summary>
internal interface ISelect
{
    static abstract Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, Vector128<byte> mask);
}

internal readonly unsafe struct Unary<TOp> : IVectorOperation
    where TOp : struct, IUnary
{
    public static bool RaisesExceptions => false;

    public static int ImmediateBitsPerLane => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(LogicalProcessor* lp, Vector128<byte> dst, Vector128<byte> a, Vector128<byte> b,
        Vector128<byte> rm, uint imm) => TOp.Apply(rm, imm);
}

internal readonly unsafe struct Binary<TOp> : IVectorOperation
    where TOp : struct, IBinary
{
    public static bool RaisesExceptions => false;

    public static int ImmediateBitsPerLane => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(LogicalProcessor* lp, Vector128<byte> dst, Vector128<byte> a, Vector128<byte> b,
        Vector128<byte> rm, uint imm) => TOp.Apply(a, rm, imm);
}

internal readonly unsafe struct BinaryByLane<TOp> : IVectorOperation
    where TOp : struct, IBinaryByLane
{
    public static bool RaisesExceptions => false;

    public static int ImmediateBitsPerLane => TOp.ImmediateBits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(LogicalProcessor* lp, Vector128<byte> dst, Vector128<byte> a, Vector128<byte> b,
        Vector128<byte> rm, uint imm) => TOp.Apply(a, rm, imm);
}

internal readonly unsafe struct Ternary<TOp> : IVectorOperation
    where TOp : struct, ITernary
{
    public static bool RaisesExceptions => false;

    public static int ImmediateBitsPerLane => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(LogicalProcessor* lp, Vector128<byte> dst, Vector128<byte> a, Vector128<byte> b,
        Vector128<byte> rm, uint imm) => TOp.Apply(dst, a, rm, imm);
}

internal readonly unsafe struct Select<TOp> : IVectorOperation
    where TOp : struct, ISelect
{
    public static bool RaisesExceptions => false;

    public static int ImmediateBitsPerLane => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(LogicalProcessor* lp, Vector128<byte> dst, Vector128<byte> a, Vector128<byte> b,
        Vector128<byte> rm, uint imm) => TOp.Apply(a, rm, b);
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Seamsim.Isa.Semantics.Simd;

/// <summary>An operation whose form with a memory destination stores its source register's bytes as they are.</summary>
internal interface IMove;

/// <summary>MOVAPS, MOVDQU, MOVNTDQA…: the operand as it is; shorter memory operands are zero-extended.</summary>
internal readonly struct Move : IUnary, IMove
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> rm, uint imm) => rm;
}

/// <summary>MOVQ: the low 64 bits, zero-extended.</summary>
internal readonly struct MoveQuadword : IUnary, IMove
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> rm, uint imm) =>
        Vector128.CreateScalar(rm.AsUInt64().ToScalar()).AsByte();
}

/// <summary>VMOVW: the low 16 bits, zero-extended.</summary>
internal readonly struct MoveWord : IUnary, IMove
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> rm, uint imm) =>
        Vector128.CreateScalar(rm.AsUInt16().ToScalar()).AsByte();
}

/// <summary>MOVSS, MOVSD and VMOVSH of two registers: the low element of the second one in the first one.</summary>
internal readonly struct MoveScalar<T> : IBinary, IMove
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        a.As<byte, T>().WithElement(0, rm.As<byte, T>().ToScalar()).AsByte();
}

/// <summary>MOVLPS, MOVLPD: the low half.</summary>
internal readonly struct MoveLow : IBinary, IMove
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        Vector128.Create(rm.GetLower(), a.GetUpper());
}

/// <summary>MOVHPS, MOVHPD, MOVLHPS: the low half of the operand becomes the high half.</summary>
internal readonly struct MoveHigh : IBinary, IMove
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        Vector128.Create(a.GetLower(), rm.GetLower());
}

/// <summary>MOVHLPS: the high half of the operand becomes the low half.</summary>
internal readonly struct MoveHighToLow : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        Vector128.Create(rm.GetUpper(), a.GetUpper());
}

/// <summary>MOVDDUP.</summary>
internal readonly struct DuplicateLow : IUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> rm, uint imm) => Vector128.Create(rm.GetLower(), rm.GetLower());
}

/// <summary>MOVSLDUP.</summary>
internal readonly struct DuplicateEven : IUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> rm, uint imm) =>
        Vector128.Shuffle(rm.AsUInt32(), Vector128.Create(0u, 0, 2, 2)).AsByte();
}

/// <summary>MOVSHDUP.</summary>
internal readonly struct DuplicateOdd : IUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> rm, uint imm) =>
        Vector128.Shuffle(rm.AsUInt32(), Vector128.Create(1u, 1, 3, 3)).AsByte();
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Seamsim.Isa.Semantics.Simd;

/// <summary>PAND, ANDPS…</summary>
internal readonly struct And : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) => a & rm;
}

/// <summary>PANDN, ANDNPS…</summary>
internal readonly struct AndNot : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) => ~a & rm;
}

/// <summary>POR, ORPS…</summary>
internal readonly struct Or : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) => a | rm;
}

/// <summary>PXOR, XORPS…</summary>
internal readonly struct Xor : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) => a ^ rm;
}

/// <summary>PCMPEQB/W/D/Q into a vector.</summary>
internal readonly struct CompareEqual<T> : IBinary
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        Vector128.Equals(a.As<byte, T>(), rm.As<byte, T>()).AsByte();
}

/// <summary>PCMPGTB/W/D/Q into a vector.</summary>
internal readonly struct CompareGreater<T> : IBinary
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        Vector128.GreaterThan(a.As<byte, T>(), rm.As<byte, T>()).AsByte();
}

/// <summary>VPTERNLOGD/Q: for each bit the immediate's bit at (dst, a, rm).</summary>
internal readonly struct TernaryLogic : ITernary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> dst, Vector128<byte> a, Vector128<byte> rm, uint imm)
    {
        Vector128<byte> low = Choose(a, Two(rm, imm >> 2), Two(rm, imm)), high = Choose(a, Two(rm, imm >> 6), Two(rm, imm >> 4));
        return Choose(dst, high, low);
    }

    /// <summary>Bit 1 of the table where rm is set, bit 0 where it is clear.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Two(Vector128<byte> rm, uint table) =>
        Choose(rm, Vector128.Create((byte)-(table >> 1 & 1)), Vector128.Create((byte)-(table & 1)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Choose(Vector128<byte> by, Vector128<byte> set, Vector128<byte> clear) =>
        (by & set) | (~by & clear);
}

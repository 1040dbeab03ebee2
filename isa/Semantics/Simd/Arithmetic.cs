using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Seamsim.Isa.Semantics.Simd;

// Integer arithmetic by element. SDM vol. 2; each operation is named after what its instructions have in common.

/// <summary>PADDB/W/D/Q.</summary>
internal readonly struct Add<T> : IBinary
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        (a.As<byte, T>() + rm.As<byte, T>()).AsByte();
}

/// <summary>PSUBB/W/D/Q.</summary>
internal readonly struct Subtract<T> : IBinary
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        (a.As<byte, T>() - rm.As<byte, T>()).AsByte();
}

/// <summary>PADDSB/SW/USB/USW.</summary>
internal readonly struct AddSaturating<T> : IBinary
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        Vector128.AddSaturate(a.As<byte, T>(), rm.As<byte, T>()).AsByte();
}

/// <summary>PSUBSB/SW/USB/USW.</summary>
internal readonly struct SubtractSaturating<T> : IBinary
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        Vector128.SubtractSaturate(a.As<byte, T>(), rm.As<byte, T>()).AsByte();
}

/// <summary>PAVGB: (a + rm + 1) / 2 without overflow.</summary>
internal readonly struct AverageBytes : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        (a | rm) - ((a ^ rm) >>> 1);
}

/// <summary>PAVGW.</summary>
internal readonly struct AverageWords : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        ((a | rm).AsUInt16() - ((a ^ rm).AsUInt16() >>> 1)).AsByte();
}

/// <summary>PMINxx.</summary>
internal readonly struct Minimum<T> : IBinary
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        Vector128.Min(a.As<byte, T>(), rm.As<byte, T>()).AsByte();
}

/// <summary>PMAXxx.</summary>
internal readonly struct Maximum<T> : IBinary
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        Vector128.Max(a.As<byte, T>(), rm.As<byte, T>()).AsByte();
}

/// <summary>PABSB/W/D/Q; the most negative value stays.</summary>
internal readonly struct Absolute<T> : IUnary
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> rm, uint imm)
    {
        Vector128<T> value = rm.As<byte, T>(), negative = Vector128.LessThan(value, Vector128<T>.Zero);
        return ((value ^ negative) - negative).AsByte();
    }
}

/// <summary>PSIGNB/W/D: a, negated where rm is negative, zero where it is zero.</summary>
internal readonly struct Sign<T> : IBinary
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm)
    {
        Vector128<T> sign = rm.As<byte, T>(), negative = Vector128.LessThan(sign, Vector128<T>.Zero);
        Vector128<T> value = (a.As<byte, T>() ^ negative) - negative;
        return (value & ~Vector128.Equals(sign, Vector128<T>.Zero)).AsByte();
    }
}

/// <summary>PMULLW, PMULLD, VPMULLQ.</summary>
internal readonly struct MultiplyLow<T> : IBinary
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        (a.As<byte, T>() * rm.As<byte, T>()).AsByte();
}

/// <summary>PMULHW.</summary>
internal readonly struct MultiplyHighSigned : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm)
    {
        Vector128<int> even = Words.Even(a) * Words.Even(rm), odd = Words.Odd(a) * Words.Odd(rm);
        return Words.Join(even >>> 16, odd);
    }
}

/// <summary>PMULHUW.</summary>
internal readonly struct MultiplyHighUnsigned : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm)
    {
        Vector128<uint> low = Vector128.Create(0xFFFFu), left = a.AsUInt32(), right = rm.AsUInt32();
        Vector128<uint> even = (left & low) * (right & low), odd = (left >>> 16) * (right >>> 16);
        return Words.Join((even >>> 16).AsInt32(), odd.AsInt32());
    }
}

/// <summary>PMULHRSW: (a × rm / 2¹⁴ + 1) / 2.</summary>
internal readonly struct MultiplyHighRounded : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm)
    {
        Vector128<int> one = Vector128.Create(1);
        Vector128<int> even = ((Words.Even(a) * Words.Even(rm) >> 14) + one) >> 1;
        Vector128<int> odd = ((Words.Odd(a) * Words.Odd(rm) >> 14) + one) >> 1;
        return Words.Join(even, odd << 16);
    }
}

/// <summary>PMULUDQ.</summary>
internal readonly struct MultiplyWideUnsigned : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm)
    {
        Vector128<ulong> low = Vector128.Create(0xFFFF_FFFFUL);
        return ((a.AsUInt64() & low) * (rm.AsUInt64() & low)).AsByte();
    }
}

/// <summary>PMULDQ.</summary>
internal readonly struct MultiplyWideSigned : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        ((a.AsInt64() << 32 >> 32) * (rm.AsInt64() << 32 >> 32)).AsByte();
}

/// <summary>PMADDWD: products of adjacent words, added.</summary>
internal readonly struct MultiplyAddWords : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        ((Words.Even(a) * Words.Even(rm)) + (Words.Odd(a) * Words.Odd(rm))).AsByte();
}

/// <summary>PMADDUBSW: products of adjacent bytes, unsigned by signed, added with saturation.</summary>
internal readonly struct MultiplyAddBytes : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm)
    {
        Vector128<short> left = a.AsInt16(), right = rm.AsInt16();
        Vector128<short> even = (left & Vector128.Create((short)0xFF)) * (right << 8 >> 8);
        Vector128<short> odd = (left >>> 8) * (right >> 8);
        return Vector128.AddSaturate(even, odd).AsByte();
    }
}

/// <summary>PSADBW: sums of eight absolute differences.</summary>
internal readonly struct SumOfDifferences : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm)
    {
        Vector128<byte> difference = Vector128.Max(a, rm) - Vector128.Min(a, rm);
        Vector128<ushort> pairs = (difference.AsUInt16() & Vector128.Create((ushort)0xFF)) + (difference.AsUInt16() >>> 8);
        Vector128<uint> fours = (pairs.AsUInt32() & Vector128.Create(0xFFFFu)) + (pairs.AsUInt32() >>> 16);
        return ((fours.AsUInt64() & Vector128.Create(0xFFFF_FFFFUL)) + (fours.AsUInt64() >>> 32)).AsByte();
    }
}

/// <summary>PHADDW/D.</summary>
internal readonly struct AddPairs<T> : IBinary
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        (Pairs<T>.Even(a, rm) + Pairs<T>.Odd(a, rm)).AsByte();
}

/// <summary>PHSUBW/D: the lower element minus the higher one.</summary>
internal readonly struct SubtractPairs<T> : IBinary
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        (Pairs<T>.Even(a, rm) - Pairs<T>.Odd(a, rm)).AsByte();
}

/// <summary>PHADDSW.</summary>
internal readonly struct AddPairsSaturating : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        Vector128.AddSaturate(Pairs<short>.Even(a, rm), Pairs<short>.Odd(a, rm)).AsByte();
}

/// <summary>PHSUBSW.</summary>
internal readonly struct SubtractPairsSaturating : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        Vector128.SubtractSaturate(Pairs<short>.Even(a, rm), Pairs<short>.Odd(a, rm)).AsByte();
}

/// <summary>Words as sign-extended doublewords.</summary>
internal static class Words
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Even(Vector128<byte> value) => value.AsInt32() << 16 >> 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Odd(Vector128<byte> value) => value.AsInt32() >> 16;

    /// <summary>Even words from the low halves of one, odd words from the high halves of the other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Join(Vector128<int> even, Vector128<int> odd) =>
        ((even & Vector128.Create(0xFFFF)) | (odd & Vector128.Create(unchecked((int)0xFFFF0000)))).AsByte();
}

/// <summary>The even and the odd elements (2 or 4 bytes) of two operands, one behind the other.</summary>
internal static class Pairs<T>
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Even(Vector128<byte> a, Vector128<byte> b) => Unsafe.SizeOf<T>() == 2
        ? Vector128.Narrow(a.AsUInt32(), b.AsUInt32()).As<ushort, T>()
        : Vector128.Narrow(a.AsUInt64(), b.AsUInt64()).As<uint, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Odd(Vector128<byte> a, Vector128<byte> b) => Unsafe.SizeOf<T>() == 2
        ? Vector128.Narrow(a.AsUInt32() >>> 16, b.AsUInt32() >>> 16).As<ushort, T>()
        : Vector128.Narrow(a.AsUInt64() >>> 32, b.AsUInt64() >>> 32).As<uint, T>();
}

using System.Numerics;
using System.Runtime.CompilerServices;

namespace Seamsim.Isa.Engine.Interpreter;

/// <summary>Facts about an operand width; everything folds to constants in a specialised handler.</summary>
internal static unsafe class Width
{
    /// <summary>Operand size in bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Bits<T>() where T : unmanaged => sizeof(T) * 8;

    /// <summary>The value sign-extended to 64 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong SignExtend<T>(T value) where T : unmanaged
    {
        if (typeof(T) == typeof(byte))
            return (ulong)(sbyte)Unsafe.BitCast<T, byte>(value);
        if (typeof(T) == typeof(ushort))
            return (ulong)(short)Unsafe.BitCast<T, ushort>(value);
        if (typeof(T) == typeof(uint))
            return (ulong)(int)Unsafe.BitCast<T, uint>(value);
        return Unsafe.BitCast<T, ulong>(value);
    }

    /// <summary>The value zero-extended to 64 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ZeroExtend<T>(T value) where T : unmanaged
    {
        if (typeof(T) == typeof(byte))
            return Unsafe.BitCast<T, byte>(value);
        if (typeof(T) == typeof(ushort))
            return Unsafe.BitCast<T, ushort>(value);
        if (typeof(T) == typeof(uint))
            return Unsafe.BitCast<T, uint>(value);
        return Unsafe.BitCast<T, ulong>(value);
    }

    /// <summary>The low bits of <paramref name="value"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Truncate<T>(ulong value) where T : unmanaged
    {
        if (typeof(T) == typeof(byte))
            return Unsafe.BitCast<byte, T>((byte)value);
        if (typeof(T) == typeof(ushort))
            return Unsafe.BitCast<ushort, T>((ushort)value);
        if (typeof(T) == typeof(uint))
            return Unsafe.BitCast<uint, T>((uint)value);
        return Unsafe.BitCast<ulong, T>(value);
    }

    /// <summary>The sign bit of <paramref name="value"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsNegative<T>(T value) where T : unmanaged => (long)SignExtend(value) < 0;

    /// <summary>Smallest of the two in signed order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool SignedLess<T>(T a, T b) where T : unmanaged => (long)SignExtend(a) < (long)SignExtend(b);
}

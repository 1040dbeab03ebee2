using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Seamsim.Isa.Semantics.Simd;

/// <summary>A shift of all elements by one count, which may be larger than an element.</summary>
internal interface IShift
{
    static abstract Vector128<byte> Apply(Vector128<byte> value, ulong count);
}

/// <summary>PSLLW/D/Q.</summary>
internal readonly struct ShiftLeft<T> : IShift
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> value, ulong count) =>
        count < (uint)(8 * Unsafe.SizeOf<T>())
            ? (value.As<byte, T>() << (int)count).AsByte()
            : Vector128<byte>.Zero;
}

/// <summary>PSRLW/D/Q.</summary>
internal readonly struct ShiftRight<T> : IShift
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> value, ulong count) =>
        count < (uint)(8 * Unsafe.SizeOf<T>())
            ? (value.As<byte, T>() >>> (int)count).AsByte()
            : Vector128<byte>.Zero;
}

/// <summary>PSRAW/D/Q: larger counts fill with the sign.</summary>
internal readonly struct ShiftRightArithmetic<T> : IShift
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> value, ulong count) =>
        (value.As<byte, T>() >> (int)Math.Min(count, (uint)((8 * Unsafe.SizeOf<T>()) - 1))).AsByte();
}

/// <summary>A rotation to the left, VPROLD/Q.</summary>
internal readonly struct RotateLeft<T> : IShift
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> value, ulong count)
    {
        int bits = 8 * Unsafe.SizeOf<T>(), left = (int)count & (bits - 1);
        Vector128<T> whole = value.As<byte, T>();
        return left == 0 ? value : ((whole << left) | (whole >>> (bits - left))).AsByte();
    }
}

/// <summary>A rotation to the right, VPRORD/Q.</summary>
internal readonly struct RotateRight<T> : IShift
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> value, ulong count) =>
        RotateLeft<T>.Apply(value, (ulong)(8 * Unsafe.SizeOf<T>()) - (count & (ulong)((8 * Unsafe.SizeOf<T>()) - 1)));
}

/// <summary>The shifted register is the operand, the count is the immediate.</summary>
internal readonly struct ByImmediate<TShift> : IUnary
    where TShift : struct, IShift
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> rm, uint imm) => TShift.Apply(rm, imm);
}

/// <summary>The count is the low quadword of the operand.</summary>
internal readonly struct ByCount<TShift> : IBinary
    where TShift : struct, IShift
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        TShift.Apply(a, rm.AsUInt64().ToScalar());
}

/// <summary>PSLLDQ: bytes of a lane towards its end.</summary>
internal readonly struct ShiftBytesLeft : IUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> rm, uint imm) =>
        Vector128.Shuffle(rm, Vector128<byte>.Indices - Vector128.Create((byte)Math.Min(imm & 0xFF, 16)));
}

/// <summary>PSRLDQ: bytes of a lane towards its start.</summary>
internal readonly struct ShiftBytesRight : IUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> rm, uint imm) =>
        Vector128.Shuffle(rm, Vector128<byte>.Indices + Vector128.Create((byte)Math.Min(imm & 0xFF, 16)));
}

/// <summary>PALIGNR: 16 bytes of a:rm from a byte on; the immediate may go beyond both.</summary>
internal readonly struct AlignRight : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm)
    {
        Vector128<byte> from = Vector128<byte>.Indices + Vector128.Create((byte)Math.Min(imm & 0xFF, 32));
        return Vector128.Shuffle(rm, from) | Vector128.Shuffle(a, from - Vector128.Create((byte)16));
    }
}

/// <summary>PALIGNR of MMX registers.</summary>
internal readonly struct AlignRightMmx : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        ShiftBytesRight.Apply(Vector128.Create(rm.GetLower(), a.GetLower()), imm);
}

/// <summary>A shift of each element by a count of its own.</summary>
internal interface IElementShift
{
    static abstract T Apply<T>(T value, T count) where T : unmanaged, IBinaryInteger<T>;
}

/// <summary>VPSLLVW/D/Q.</summary>
internal readonly struct EachLeft : IElementShift
{
    public static T Apply<T>(T value, T count) where T : unmanaged, IBinaryInteger<T> =>
        ulong.CreateTruncating(count) < (uint)(8 * Unsafe.SizeOf<T>()) ? value << int.CreateTruncating(count) : T.Zero;
}

/// <summary>VPSRLVW/D/Q; elements are unsigned.</summary>
internal readonly struct EachRight : IElementShift
{
    public static T Apply<T>(T value, T count) where T : unmanaged, IBinaryInteger<T> =>
        ulong.CreateTruncating(count) < (uint)(8 * Unsafe.SizeOf<T>()) ? value >>> int.CreateTruncating(count) : T.Zero;
}

/// <summary>VPSRAVW/D/Q; elements are signed, counts above the width fill with the sign.</summary>
internal readonly struct EachRightArithmetic : IElementShift
{
    public static T Apply<T>(T value, T count) where T : unmanaged, IBinaryInteger<T>
    {
        int bits = 8 * Unsafe.SizeOf<T>();
        bool inside = count >= T.Zero && count < T.CreateTruncating(bits);
        return value >> (inside ? int.CreateTruncating(count) : bits - 1);
    }
}

/// <summary>VPROLVD/Q.</summary>
internal readonly struct EachRotateLeft : IElementShift
{
    public static T Apply<T>(T value, T count) where T : unmanaged, IBinaryInteger<T> =>
        T.RotateLeft(value, int.CreateTruncating(count) & ((8 * Unsafe.SizeOf<T>()) - 1));
}

/// <summary>VPRORVD/Q.</summary>
internal readonly struct EachRotateRight : IElementShift
{
    public static T Apply<T>(T value, T count) where T : unmanaged, IBinaryInteger<T> =>
        T.RotateRight(value, int.CreateTruncating(count) & ((8 * Unsafe.SizeOf<T>()) - 1));
}

/// <summary>a shifted by rm, element by element.</summary>
internal readonly unsafe struct ByElement<TShift, T> : IWholeOperation
    where TShift : struct, IElementShift where T : unmanaged, IBinaryInteger<T>
{
    public static void Apply(
        State.LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < bytes / sizeof(T); i++)
            ((T*)d)[i] = TShift.Apply(((T*)a)[i], ((T*)rm)[i]);
    }
}

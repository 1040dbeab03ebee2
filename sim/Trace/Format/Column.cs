using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Seamsim.Trace;

/// <summary>The columns of a frame, in the order of the file. Each is compressed by itself.</summary>
internal static class Columns
{
    public const int State = 0, Control = 1, Clock = 2, Address = 3, Shape = 4, Value = 5, Register = 6, Event = 7,
        Dictionary = 8, Count = 9;
}

/// <summary>Bytes of one kind that are being collected for a frame.</summary>
internal sealed class Column
{
    private byte[] bytes = new byte[4096];
    private int used;

    public ReadOnlySpan<byte> Bytes => bytes.AsSpan(0, used);

    public int Length => used;

    public void Clear() => used = 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put(byte value)
    {
        if (used == bytes.Length)
            Grow(1);
        bytes[used++] = value;
    }

    public void Put(ReadOnlySpan<byte> values)
    {
        if (bytes.Length - used < values.Length)
            Grow(values.Length);
        values.CopyTo(bytes.AsSpan(used));
        used += values.Length;
    }

    /// <summary>
    /// Below 128: one byte. Otherwise a byte with its top bit set, the count of bytes that follow less one in 6:4, and bits
    /// 3:0 of the number; then the rest of it, lowest byte first.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PutNumber(ulong value)
    {
        if (value < 0x80)
            Put((byte)value);
        else
            PutLongNumber(value);
    }

    /// <summary>A signed number: its sign goes to the lowest bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PutDifference(ulong value) => PutNumber(((ulong)((long)value >> 63)) ^ (value << 1));

    /// <summary>One store, whatever the length: values are often addresses or random, and a loop would stall on them.</summary>
    private void PutLongNumber(ulong value)
    {
        const int room = 1 + sizeof(ulong);
        if (bytes.Length - used < room)
            Grow(room);
        ulong high = value >> 4;
        int count = (71 - BitOperations.LeadingZeroCount(high | 1)) >> 3;
        ref byte at = ref bytes[used];
        at = (byte)(0x80 | ((count - 1) << 4) | ((int)value & 15));
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref at, 1), BitConverter.IsLittleEndian ? high : BinaryPrimitives.ReverseEndianness(high));
        used += 1 + count;
    }

    private void Grow(int more) => Array.Resize(ref bytes, Math.Max(bytes.Length * 2, used + more));
}

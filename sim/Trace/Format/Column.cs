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

    /// <summary>Seven bits a byte, lowest first; the top bit says that more follow.</summary>
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

    private void PutLongNumber(ulong value)
    {
        if (bytes.Length - used < 10)
            Grow(10);
        int at = used;
        for (; value >= 0x80; value >>= 7)
            bytes[at++] = (byte)(value | 0x80);
        bytes[at++] = (byte)value;
        used = at;
    }

    private void Grow(int more) => Array.Resize(ref bytes, Math.Max(bytes.Length * 2, used + more));
}

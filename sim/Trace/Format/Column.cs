using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Seamsim.Trace;

/// <summary>The columns of a frame, in the order of the file. Each stands by itself.</summary>
internal static class Columns
{
    public const int State = 0, Control = 1, Clock = 2, Address = 3, Shape = 4, Value = 5, Register = 6, Event = 7,
        Dictionary = 8, Count = 9;

    /// <summary>
    /// Whether a column is compressed. Values and registers are not: it would take several times as long as the run itself.
    /// Beside values addresses are not either, and beside registers control is not, since they are few in comparison.
    /// </summary>
    public static bool IsCompressed(int column, TraceAspects aspects) =>
        column switch
        {
            Value or Register => false,
            Address => !aspects.HasFlag(TraceAspects.Values),
            Control => !aspects.HasFlag(TraceAspects.Registers),
            _ => true,
        };
}

/// <summary>Bytes of one kind that are being collected for a frame.</summary>
/// <remarks>The array is pinned: whoever has asked for room writes to it by pointer, up to the room asked for.</remarks>
internal sealed unsafe class Column
{
    private byte[] bytes = GC.AllocateUninitializedArray<byte>(4096, pinned: true);
    private int used;

    /// <summary>The most bytes of a number or a word.</summary>
    public const int WordRoom = 1 + sizeof(ulong);

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

    /// <summary>
    /// Where the next byte goes, with at least so much room from there on; <see cref="Advance"/> says what was used of it.
    /// </summary>
    public byte* Reserve(int room)
    {
        if (bytes.Length - used < room)
            Grow(room);
        return (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(bytes)) + used;
    }

    public void Advance(byte* next) =>
        used = (int)(next - (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(bytes)));

    /// <summary>
    /// Writes a word: how many bytes it takes, and these. Without a branch, since lengths of values and addresses cannot be
    /// foreseen; it may write <see cref="WordRoom"/> bytes whatever it uses. Returns where the next one goes.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* Word(byte* to, ulong value)
    {
        uint count = 8 - ((uint)BitOperations.LeadingZeroCount(value) >> 3);
        *to = (byte)count;
        Unsafe.WriteUnaligned(to + 1, BitConverter.IsLittleEndian ? value : BinaryPrimitives.ReverseEndianness(value));
        return to + 1 + count;
    }

    /// <summary>A word whose sign is in its lowest bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* SignedWord(byte* to, ulong value) => Word(to, (ulong)((long)value >> 63) ^ (value << 1));

    public void PutWord(ulong value) => Advance(Word(Reserve(WordRoom), value));

    public void PutSignedWord(ulong value) => Advance(SignedWord(Reserve(WordRoom), value));

    /// <summary>Writes a number, as <see cref="PutNumber"/> does, to where <see cref="WordRoom"/> bytes are free.</summary>
    public static byte* Number(byte* to, ulong value)
    {
        if (value < 0x80)
        {
            *to = (byte)value;
            return to + 1;
        }
        ulong high = value >> 4;
        int count = (71 - BitOperations.LeadingZeroCount(high)) >> 3;
        *to = (byte)(0x80 | ((count - 1) << 4) | ((int)value & 15));
        Unsafe.WriteUnaligned(to + 1, BitConverter.IsLittleEndian ? high : BinaryPrimitives.ReverseEndianness(high));
        return to + 1 + count;
    }

    private void PutLongNumber(ulong value) => Advance(Number(Reserve(WordRoom), value));

    private void Grow(int more)
    {
        byte[] larger = GC.AllocateUninitializedArray<byte>(Math.Max(bytes.Length * 2, used + more), pinned: true);
        bytes.AsSpan(0, used).CopyTo(larger);
        bytes = larger;
    }
}

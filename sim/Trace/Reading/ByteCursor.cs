using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Seamsim.Trace;

/// <summary>Takes bytes and numbers from a column; past its end it gives zeros and says so.</summary>
internal struct ByteCursor(byte[] bytes, int start, int length)
{
    private readonly byte[] bytes = bytes;
    private readonly int end = start + length;
    private int at = start;

    /// <summary>More was taken than there was, or a number had no end.</summary>
    public bool Overran { get; private set; }

    public readonly bool AtEnd => at == end;

    public readonly int Left => end - at;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte Take()
    {
        if (at < end)
            return bytes[at++];
        Overran = true;
        return 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong TakeNumber()
    {
        byte first = Take();
        return first < 0x80 ? first : TakeLongNumber(first);
    }

    /// <summary>A number whose sign is in its lowest bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong TakeDifference()
    {
        ulong coded = TakeNumber();
        return (coded >> 1) ^ (0 - (coded & 1));
    }

    /// <summary>A count of bytes up to eight, and these.</summary>
    public ulong TakeWord()
    {
        int count = Take();
        if (count > sizeof(ulong) || count > Left)
        {
            Overran = true;
            return 0;
        }
        return TakeLow(count);
    }

    /// <summary>A word whose sign is in its lowest bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong TakeSignedWord()
    {
        ulong coded = TakeWord();
        return (coded >> 1) ^ (0 - (coded & 1));
    }

    /// <summary>A number that counts things of at least one byte or bit each; too large a one overruns.</summary>
    public int TakeCount(int most)
    {
        ulong number = TakeNumber();
        if (number <= (ulong)most)
            return (int)number;
        Overran = true;
        return 0;
    }

    public ReadOnlyMemory<byte> TakeBytes(int count)
    {
        if (count > Left)
        {
            Overran = true;
            return default;
        }
        at += count;
        return bytes.AsMemory(at - count, count);
    }

    private ulong TakeLongNumber(byte first)
    {
        int count = ((first >> 4) & 7) + 1;
        if (count > Left)
        {
            Overran = true;
            return 0;
        }
        return (TakeLow(count) << 4) | ((ulong)first & 15);
    }

    /// <summary>Up to eight bytes that are there, lowest first.</summary>
    private ulong TakeLow(int count)
    {
        ulong low = 0;
        if (at + sizeof(ulong) <= bytes.Length)
            low = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at)) & (count == 8 ? ulong.MaxValue : (1UL << (8 * count)) - 1);
        else
            for (int i = 0; i < count; i++)
                low |= (ulong)bytes[at + i] << (8 * i);
        at += count;
        return low;
    }
}

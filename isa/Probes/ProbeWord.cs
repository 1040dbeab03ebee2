using System.Runtime.CompilerServices;

namespace Seamsim.Isa.Probes;

/// <summary>
/// The 64-bit words of a probe stream: a tag in bits 6:0, a signed payload above it. Linear addresses have at most 57
/// significant bits, so that an address and its tag fit one word.
/// </summary>
public static class ProbeWord
{
    /// <summary>Bits of the tag.</summary>
    public const int TagBits = 7;

    /// <summary>Tags 0..7 are memory accesses: bit 0 write, bits 2:1 log2 of the bytes; payload the address.</summary>
    public const ulong Write = 1, SizeShift = 1;

    /// <summary>Payload: number of the block entered.</summary>
    public const ulong Block = 8;

    /// <summary>Payload: number of a general register; the next word is its value.</summary>
    public const ulong Register = 9;

    /// <summary>Payload: <see cref="ProbeEvent"/> 7:0, words that follow 15:8, small field above.</summary>
    public const ulong Event = 10;

    /// <summary>The tag.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Tag(ulong word) => word & ((1 << TagBits) - 1);

    /// <summary>The payload.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Payload(ulong word) => (ulong)((long)word >> TagBits);

    /// <summary>A word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Of(ulong tag, ulong payload) => (payload << TagBits) | tag;

    /// <summary>An event word.</summary>
    public static ulong Of(ProbeEvent kind, int words, ulong small) =>
        Of(Event, (small << 16) | ((uint)words << 8) | (uint)kind);
}

/// <summary>Size and cost of a defined block, packed into one word.</summary>
/// <param name="Instructions">Instructions in it.</param>
/// <param name="Bytes">Bytes of code.</param>
/// <param name="CodeSize">0: 64-bit code, 1: 32-bit, 2: 16-bit.</param>
/// <param name="Cycles">What the cost model said.</param>
public readonly record struct BlockShape(int Instructions, int Bytes, int CodeSize, uint Cycles)
{
    /// <summary>As one word.</summary>
    public ulong Pack() => (uint)Instructions | ((ulong)(uint)Bytes << 8) | ((ulong)(uint)CodeSize << 24) | ((ulong)Cycles << 32);

    /// <summary>From one word.</summary>
    public static BlockShape Unpack(ulong word) =>
        new((byte)word, (ushort)(word >> 8), (byte)(word >> 24), (uint)(word >> 32));
}

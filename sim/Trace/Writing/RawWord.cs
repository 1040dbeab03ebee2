using System.Numerics;
using System.Runtime.CompilerServices;

namespace Seamsim.Trace;

/// <summary>
/// The words between recorder and encoder. They never reach a file.
/// <code>
/// 63    1  data access          62:60 log2 of the size, 7: the size is the next word   59 write   58:0 address
/// 63:62 00 execution of a block 61:38 block   37:0 clock, low bits
/// 63:62 01 anything else        61:56 kind    55:48 words that follow   47:32 code   31:0 immediate
/// </code>
/// </summary>
internal static unsafe class RawWord
{
    /// <summary>Kinds that only exist between recorder and encoder.</summary>
    public const int KindUnretired = 59, KindRetire = 60, KindDefineBlock = 61, KindName = 62;

    /// <summary>Bits of the clock in an execution word.</summary>
    public const int ClockBits = 38;

    public const ulong ClockMask = (1UL << ClockBits) - 1;

    /// <summary>The most blocks a trace may define.</summary>
    public const int MaxBlocks = 1 << 24;

    /// <summary>The most words that one record takes.</summary>
    public const int MaxWords = 256;

    private const ulong AccessBit = 1UL << 63, OtherBit = 1UL << 62, WriteBit = 1UL << 59, AddressMask = WriteBit - 1;
    private const int OddSize = 7;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Execute(int block, ulong cycles) => ((ulong)(uint)block << ClockBits) | (cycles & ClockMask);

    public static ulong Retire(int instructions) => Other(KindRetire, 0, 0, (uint)instructions);

    public static ulong Unretired(int instructions) => Other(KindUnretired, 0, 0, (uint)instructions);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HasSizeCode(int bytes) => BitOperations.IsPow2(bytes) && bytes <= 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Access(ulong address, int bytes, bool write) =>
        AccessBit | ((ulong)BitOperations.TrailingZeroCount(bytes) << 60) | (write ? WriteBit : 0)
        | (address & AddressMask);

    public static int ValueWords(int bytes) => (bytes + 7) / 8;

    public static void PutAccess(ulong* at, ulong address, int bytes, bool write)
    {
        if (HasSizeCode(bytes))
        {
            *at = Access(address, bytes, write);
            return;
        }
        at[0] = AccessBit | ((ulong)OddSize << 60) | (write ? WriteBit : 0) | (address & AddressMask);
        at[1] = (ulong)bytes;
    }

    public static ulong Event(EventKind kind, int words, int code, uint immediate) =>
        Other((int)kind, words, code, immediate);

    public static ulong Other(int kind, int words, int code, uint immediate) =>
        OtherBit | ((ulong)kind << 56) | ((ulong)(byte)words << 48) | ((ulong)(ushort)code << 32) | immediate;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsAccess(ulong word) => (word & AccessBit) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsExecution(ulong word) => word < OtherBit;

    /// <summary>Whether this is <see cref="EventKind.Registers"/>; the word is no access and no execution.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsRegisters(ulong word) => KindOf(word) == (int)EventKind.Registers;

    /// <summary>The bits of an access above its address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint KindOfAccess(ulong word) => (uint)(word >> 59);

    /// <summary>What <see cref="KindOfAccess"/> is for an access with this <see cref="ShapeByte"/>.</summary>
    public static uint AccessKind(byte shape) =>
        16u | ((shape & 7u) << 1) | ((shape & (uint)ShapeByte.Write) != 0 ? 1u : 0);

    /// <summary>
    /// Whether this changes some of the first 32 registers and a word follows for each; otherwise it is anything, an access too.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsChange(ulong word) =>
        word - (uint)word == Other((int)EventKind.Registers, BitOperations.PopCount((uint)word), 0, 0);

    public static int BlockOf(ulong word) => (int)(word >> ClockBits);

    /// <summary>log2 of the size; 7: the next word holds the size.</summary>
    public static int SizeCode(ulong word) => (int)(word >> 60) & 7;

    public static bool IsOddSize(int sizeCode) => sizeCode == OddSize;

    public static bool IsWrite(ulong word) => (word & WriteBit) != 0;

    /// <summary>The address, bit 58 extended upwards.</summary>
    public static ulong AddressOf(ulong word) => (ulong)((long)(word << 5) >> 5);

    public static int KindOf(ulong word) => (int)(word >> 56) & 63;

    public static int WordsOf(ulong word) => (int)(word >> 48) & 255;

    public static int CodeOf(ulong word) => (int)(word >> 32) & 0xFFFF;

    public static uint ImmediateOf(ulong word) => (uint)word;
}

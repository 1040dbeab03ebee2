using System.Numerics;
using System.Runtime.CompilerServices;

namespace Seamsim.Isa.Probes;

/// <summary>
/// The 64-bit words that handlers append by themselves. Their layout is that of the trace writer's raw words, so that
/// nobody has to look at them between the handler and the encoder.
/// <code>
/// 63    1  data access          62:60 log2 of the size        59 write          58:0 address
/// 63:62 00 block entered        61:38 block                   37:0 clock, low bits
/// 63:62 01 registers            61:56 kind    55:48 words     47:32 0           31:0 mask of registers
/// </code>
/// </summary>
public static unsafe class ProbeWord
{
    /// <summary>Bits of the clock in the word of a block.</summary>
    public const int ClockBits = 38;

    /// <summary>Mask of the clock.</summary>
    public const ulong ClockMask = (1UL << ClockBits) - 1;

    /// <summary>The kind of a word that changes registers.</summary>
    public const int Registers = 17;

    private const ulong AccessBit = 1UL << 63, WriteBit = 1UL << 59, AddressMask = WriteBit - 1;

    /// <summary>A block is entered; the clock is added when it is.</summary>
    public static ulong Block(int number) => (ulong)(uint)number << ClockBits;

    /// <summary>A read or write of a <typeparamref name="T"/>; all but the address is a constant in a specialised handler.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Access<T>(ulong address, bool write) where T : unmanaged =>
        AccessBit | ((ulong)BitOperations.Log2((uint)sizeof(T)) << 60) | (write ? WriteBit : 0) | (address & AddressMask);

    /// <summary>The registers of <paramref name="mask"/> have new values, which follow.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Changed(uint mask) =>
        (1UL << 62) | ((ulong)Registers << 56) | ((ulong)(uint)BitOperations.PopCount(mask) << 48) | mask;
}

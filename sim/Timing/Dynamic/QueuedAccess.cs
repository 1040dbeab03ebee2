using System.Numerics;
using System.Runtime.CompilerServices;

namespace Seamsim.Timing.Dynamic;

/// <summary>
/// An access as a word: the linear address, whose bits 63:57 are alike in every canonical address, with the size in bits
/// 61:59 and the direction in bit 62.
/// </summary>
internal static unsafe class QueuedAccess
{
    private const int SizeShift = 59, WriteShift = 62;
    private const ulong Address = (1UL << 58) - 1;

    /// <summary>The word; all but the address is a constant in a specialised handler.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Of<T>(ulong address, bool write) where T : unmanaged => Of(address, sizeof(T), write);

    /// <summary>The word of an access of a power of two of bytes, 1..64.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Of(ulong address, int bytes, bool write) =>
        (address & (Address | (1UL << 63))) | ((ulong)BitOperations.Log2((uint)bytes) << SizeShift)
        | (write ? 1UL << WriteShift : 0);

    /// <summary>The linear address.</summary>
    public static ulong AddressOf(ulong word) => (word & Address) | ((long)word < 0 ? ~Address : 0);

    /// <summary>Bytes.</summary>
    public static int BytesOf(ulong word) => 1 << (int)(word >> SizeShift & 7);

    /// <summary>Whether it is a store.</summary>
    public static bool IsWrite(ulong word) => (word >> WriteShift & 1) != 0;
}

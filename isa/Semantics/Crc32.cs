using System.Numerics;
using System.Runtime.CompilerServices;

namespace Seamsim.Isa.Semantics;

/// <summary>CRC32: the Castagnoli polynomial 11EDC6F41H, bits reflected. SDM vol. 2A.</summary>
internal static class Crc32
{
    /// <summary>Adds a value of 1, 2, 4 or 8 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Add<T>(uint sum, T value) where T : unmanaged
    {
        if (typeof(T) == typeof(byte))
            return BitOperations.Crc32C(sum, Unsafe.BitCast<T, byte>(value));
        if (typeof(T) == typeof(ushort))
            return BitOperations.Crc32C(sum, Unsafe.BitCast<T, ushort>(value));
        if (typeof(T) == typeof(uint))
            return BitOperations.Crc32C(sum, Unsafe.BitCast<T, uint>(value));
        return BitOperations.Crc32C(sum, Unsafe.BitCast<T, ulong>(value));
    }
}

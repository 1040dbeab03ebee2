using System.Buffers.Binary;
using Seamsim.Tests.Isa.Forms;

namespace Seamsim.Tests.Isa.Native;

/// <summary>Values worth trying: the corners of integers and of floating-point formats, and random ones.</summary>
internal sealed class OperandValues(OperandRandom random)
{
    private static readonly ulong[] Integers =
    [
        0, 1, 2, 3, 7, 8, 0xF, 0x10, 0x1F, 0x20, 0x3F, 0x40, 0x7F, 0x80, 0x81, 0xFE, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFE,
        0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF, 0x100000000, 0x5555555555555555,
        0xAAAAAAAAAAAAAAAA, 0x0123456789ABCDEF, 0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0x8000000080000000,
        0xFFFFFFFF00000000, 0xFFFFFFFFFFFFFF80, 0xFFFFFFFFFFFF8000, 0xFFFFFFFF80000000, 0xFFFFFFFFFFFFFFFE, ulong.MaxValue,
    ];

    // signs aside: zeros, denormals, the smallest normal, 1 and its neighbours, halves, limits of conversions, the
    // largest, infinity, signalling and quiet NaNs
    private static readonly ushort[] Halves =
    [
        0, 1, 0x200, 0x3FF, 0x400, 0x401, 0x2C00, 0x3555, 0x3800, 0x3BFF, 0x3C00, 0x3C01, 0x3E00, 0x4000, 0x4248, 0x57FF,
        0x5800, 0x77FF, 0x7800, 0x7BFF, 0x7C00, 0x7C01, 0x7D55, 0x7E00, 0x7E01, 0x7FFF,
    ];

    private static readonly uint[] Singles =
    [
        0, 1, 0x400000, 0x7FFFFF, 0x800000, 0x800001, 0x1000000, 0x1F800000, 0x20000000, 0x33800000, 0x38800000, 0x38FFFFFF,
        0x3E000000, 0x3EAAAAAB, 0x3EFFFFFF, 0x3F000000, 0x3F000001, 0x3F7FFFFF, 0x3F800000, 0x3F800001, 0x3FC00000,
        0x40000000, 0x40200000, 0x40490FDB, 0x477FE000, 0x477FF000, 0x4B000000, 0x4B7FFFFF, 0x4EFFFFFF, 0x4F000000,
        0x4F7FFFFF, 0x4F800000, 0x5EFFFFFF, 0x5F000000, 0x5F7FFFFF, 0x5F800000, 0x7E800000, 0x7F000000, 0x7F7FFFFF,
        0x7F800000, 0x7F800001, 0x7FA00000, 0x7FC00000, 0x7FC12345, 0x7FFFFFFF,
    ];

    private static readonly ulong[] Doubles =
    [
        0, 1, 0x8000000000000, 0xFFFFFFFFFFFFF, 0x10000000000000, 0x10000000000001, 0x20000000000000, 0x1FF0000000000000,
        0x36A0000000000000, 0x380FFFFFFFFFFFFF, 0x3810000000000000, 0x3CA0000000000000, 0x3FC0000000000000,
        0x3FD5555555555555, 0x3FDFFFFFFFFFFFFF, 0x3FE0000000000000, 0x3FE0000000000001, 0x3FEFFFFFFFFFFFFF,
        0x3FF0000000000000, 0x3FF0000000000001, 0x3FF0000010000000, 0x3FF0000030000000, 0x3FF8000000000000,
        0x4000000000000000, 0x4004000000000000, 0x400921FB54442D18, 0x41DFFFFFFFC00000, 0x41DFFFFFFFE00000,
        0x41E0000000000000, 0x41EFFFFFFFE00000, 0x41F0000000000000, 0x4330000000000000, 0x433FFFFFFFFFFFFF,
        0x43DFFFFFFFFFFFFF, 0x43E0000000000000, 0x43EFFFFFFFFFFFFF, 0x43F0000000000000, 0x47EFFFFFE0000000,
        0x47EFFFFFF0000000, 0x47F0000000000000, 0x7FD0000000000000, 0x7FE0000000000000, 0x7FEFFFFFFFFFFFFF,
        0x7FF0000000000000, 0x7FF0000000000001, 0x7FF4000000000000, 0x7FF8000000000000, 0x7FF8000012345678,
        0x7FFFFFFFFFFFFFFF,
    ];

    private static readonly (ulong Significand, ushort Exponent)[] Extendeds =
    [
        (0, 0), (1, 0), (0x4000000000000000, 0), (0x7FFFFFFFFFFFFFFF, 0), (0x8000000000000000, 0), // and a pseudo-denormal
        (0x8000000000000000, 1), (0xFFFFFFFFFFFFFFFF, 1), (0x8000000000000000, 0x3C01), (0x8000000000000000, 0x3F81),
        (0xC000000000000000, 0x3FFD), (0xAAAAAAAAAAAAAAAB, 0x3FFD), (0x8000000000000000, 0x3FFE),
        (0xFFFFFFFFFFFFFFFF, 0x3FFE), (0x8000000000000000, 0x3FFF), (0x8000000000000001, 0x3FFF),
        (0xC000000000000000, 0x3FFF), (0x8000000000000000, 0x4000), (0xC90FDAA22168C235, 0x4000),
        (0xFFFFFFFE00000000, 0x400D), (0xFFFF000000000000, 0x400D), (0x8000000000000000, 0x400E),
        (0xFFFFFFFE00000000, 0x401D), (0x8000000000000000, 0x401E), (0xFFFFFFFFFFFFFFFE, 0x403D),
        (0x8000000000000000, 0x403E), (0xFFFFFFFFFFFFFFFF, 0x403E), (0x8000000000000000, 0x407E),
        (0xDE0B6B3A763FFFF0, 0x403A), (0x8000000000000000, 0x43FE), (0x8000000000000000, 0x7FFE),
        (0xFFFFFFFFFFFFFFFF, 0x7FFE), (0x8000000000000000, 0x7FFF), (0x8000000000000001, 0x7FFF),
        (0xA000000000000000, 0x7FFF), (0xC000000000000000, 0x7FFF), (0xC000000012345678, 0x7FFF),
        (0x4000000000000000, 0x3FFF), (0, 0x7FFF), (0x4000000000000000, 0x7FFF), // unsupported: unnormal, pseudo-infinity, -NaN
    ];

    public OperandRandom Random => random;

    public bool Chance(int percent) => random.Next(100) < percent;

    public T Pick<T>(IReadOnlyList<T> list) => list[random.Next(list.Count)];

    public ulong Integer() => random.Next(4) switch
    {
        0 => Random64(),
        1 => Random64() >> random.Next(64),
        2 => (ulong)random.Next(-70, 70),
        _ => Pick(Integers),
    };

    /// <summary>Fills a register or memory with elements of one kind.</summary>
    public void Fill(Span<byte> bytes)
    {
        switch (random.Next(8))
        {
            case 0:
                random.NextBytes(bytes);
                break;
            case 1:
                for (int i = 0; i < bytes.Length; i++)
                    bytes[i] = (byte)Pick(Integers);
                break;
            case 2:
                for (int i = 0; i + 2 <= bytes.Length; i += 2)
                    BinaryPrimitives.WriteUInt16LittleEndian(bytes[i..], (ushort)Integer());
                break;
            case 3:
                for (int i = 0; i + 2 <= bytes.Length; i += 2)
                    BinaryPrimitives.WriteUInt16LittleEndian(bytes[i..], Half());
                break;
            case 4:
                for (int i = 0; i + 8 <= bytes.Length; i += 8)
                    BinaryPrimitives.WriteUInt64LittleEndian(bytes[i..], Integer());
                break;
            case 5:
                for (int i = 0; i + 8 <= bytes.Length; i += 8)
                    BinaryPrimitives.WriteUInt64LittleEndian(bytes[i..], Double());
                break;
            default:
                for (int i = 0; i + 4 <= bytes.Length; i += 4)
                    BinaryPrimitives.WriteUInt32LittleEndian(bytes[i..], Single());
                break;
        }
    }

    public ushort Half() => (ushort)(Chance(25) ? random.Next() : Pick(Halves) | (random.Next(2) << 15));

    public uint Single() => random.Next(8) switch
    {
        0 => (uint)Random64(),
        // close exponents meet in cancellation and double rounding
        1 or 2 => (uint)((random.Next(2) << 31) | ((127 + random.Next(-26, 27)) << 23) | random.Next(1 << 23)),
        _ => Pick(Singles) | ((uint)random.Next(2) << 31),
    };

    public ulong Double() => random.Next(8) switch
    {
        0 => Random64(),
        1 or 2 => ((ulong)random.Next(2) << 63) | ((ulong)(1023 + random.Next(-56, 57)) << 52) | (Random64() >> 12),
        _ => Pick(Doubles) | ((ulong)random.Next(2) << 63),
    };

    public (ulong Significand, ushort SignAndExponent) Extended()
    {
        ushort sign = (ushort)(random.Next(2) << 15);
        switch (random.Next(8))
        {
            case 0:
                return (Random64(), (ushort)random.Next(0x10000));
            case 1 or 2:
                return (Random64() | 1UL << 63, (ushort)(sign | (0x3FFF + random.Next(-70, 70))));
            case 3:
                return (Random64() | 1UL << 63, (ushort)(sign | random.Next(0x7FFF)));
            default:
                (ulong significand, ushort exponent) = Pick(Extendeds);
                return (significand, (ushort)(exponent | sign));
        }
    }

    public ulong Random64() => random.Next64();
}

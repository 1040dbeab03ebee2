using System.Numerics;
using System.Runtime.CompilerServices;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Simd;

/// <summary>Bytes as elements of GF(2⁸) with the polynomial x⁸ + x⁴ + x³ + x + 1. SDM vol. 2A, GF2P8MULB.</summary>
internal static class GaloisField
{
    private const int Polynomial = 0x11B;

    private static readonly byte[] Inverses = [.. Enumerable.Range(0, 256).Select(x => FindInverse((byte)x))];

    public static byte Multiply(byte a, byte b)
    {
        int product = 0;
        for (int bit = 0; bit < 8; bit++)
            product ^= (b >> bit & 1) != 0 ? a << bit : 0;
        for (int bit = 14; bit >= 8; bit--)
            product ^= (product >> bit & 1) != 0 ? Polynomial << (bit - 8) : 0;
        return (byte)product;
    }

    /// <summary>The inverse; 0 for 0.</summary>
    public static byte Inverse(byte x) => Inverses[x];

    /// <summary>matrix × x + constant: row i of the matrix is its byte 7 − i.</summary>
    public static byte Affine(ulong matrix, byte x, byte constant)
    {
        int result = 0;
        for (int bit = 0; bit < 8; bit++)
            result |= (BitOperations.PopCount((uint)(byte)(matrix >> (8 * (7 - bit))) & x) & 1) << bit;
        return (byte)(result ^ constant);
    }

    private static byte FindInverse(byte x)
    {
        // x to the power of 254
        byte power = 1;
        for (int i = 0; i < 254; i++)
            power = Multiply(power, x);
        return power;
    }
}

/// <summary>GF2P8MULB.</summary>
internal readonly unsafe struct FieldMultiply : IWholeOperation
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < bytes; i++)
            d[i] = GaloisField.Multiply(a[i], rm[i]);
    }
}

/// <summary>GF2P8AFFINEQB: a matrix for each quadword.</summary>
internal readonly unsafe struct FieldAffine : IWholeOperation
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < bytes; i++)
            d[i] = GaloisField.Affine(((ulong*)rm)[i / 8], a[i], (byte)imm);
    }
}

/// <summary>GF2P8AFFINEINVQB: of the inverses.</summary>
internal readonly unsafe struct FieldAffineInverse : IWholeOperation
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < bytes; i++)
            d[i] = GaloisField.Affine(((ulong*)rm)[i / 8], GaloisField.Inverse(a[i]), (byte)imm);
    }
}

/// <summary>PCLMULQDQ: a product without carries of one quadword of each operand, in each lane.</summary>
internal readonly unsafe struct CarrylessMultiply : IWholeOperation
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int lane = 0; lane < bytes / 8; lane += 2)
        {
            ulong left = ((ulong*)a)[lane + (int)(imm & 1)], right = ((ulong*)rm)[lane + (int)(imm >> 4 & 1)];
            UInt128 product = 0;
            for (; right != 0; right &= right - 1)
                product ^= (UInt128)left << BitOperations.TrailingZeroCount(right);
            ((ulong*)d)[lane] = (ulong)product;
            ((ulong*)d)[lane + 1] = (ulong)(product >> 64);
        }
    }
}

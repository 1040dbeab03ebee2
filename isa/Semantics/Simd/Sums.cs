using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Simd;

// Sums over neighbours that no plain vector operation expresses. SDM vol. 2.

/// <summary>PHMINPOSUW: the smallest word and its position.</summary>
internal readonly unsafe struct MinimumPosition : IWholeOperation
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        int at = 0;
        for (int i = 1; i < 8; i++)
            if (((ushort*)rm)[i] < ((ushort*)rm)[at])
                at = i;
        *(uint*)d = ((ushort*)rm)[at] | ((uint)at << 16);
    }
}

/// <summary>MPSADBW: eight sums of four differences for each lane, with three bits of the immediate.</summary>
internal readonly unsafe struct MultipleSums : IWholeOperation
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int lane = 0; lane < bytes; lane += 16, imm >>= 3)
        {
            byte* window = a + lane + (imm & 4), block = rm + lane + (4 * (imm & 3));
            for (int i = 0; i < 8; i++)
                ((ushort*)(d + lane))[i] = Difference(window + i, block);
        }
    }

    /// <summary>Sum of four absolute differences.</summary>
    public static ushort Difference(byte* first, byte* second)
    {
        int sum = 0;
        for (int i = 0; i < 4; i++)
            sum += Math.Abs(first[i] - second[i]);
        return (ushort)sum;
    }
}

/// <summary>VDBPSADBW: differences between a and a shuffle of rm.</summary>
internal readonly unsafe struct DoubleBlockSums : IWholeOperation
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        uint* shuffled = stackalloc uint[4];
        for (int lane = 0; lane < bytes; lane += 16)
        {
            for (int i = 0; i < 4; i++)
                shuffled[i] = ((uint*)(rm + lane))[imm >> (2 * i) & 3];
            for (int i = 0; i < 8; i++)
            {
                byte* first = a + lane + (4 * (i >> 1));
                byte* second = (byte*)shuffled + (i < 4 ? i : i + 4);
                ((ushort*)(d + lane))[i] = MultipleSums.Difference(first, second);
            }
        }
    }
}

/// <summary>VPDPBUSD, VPDPBUSDS: four products, unsigned by signed, added to the destination.</summary>
internal readonly unsafe struct DotBytes<TSaturation> : IWholeOperation
    where TSaturation : struct, ISaturation
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < bytes / 4; i++)
        {
            long sum = ((int*)dst)[i];
            for (int j = 4 * i; j < (4 * i) + 4; j++)
                sum += a[j] * ((sbyte*)rm)[j];
            ((int*)d)[i] = TSaturation.Of(sum);
        }
    }
}

/// <summary>VPDPWSSD, VPDPWSSDS: two products of signed words, added to the destination.</summary>
internal readonly unsafe struct DotWords<TSaturation> : IWholeOperation
    where TSaturation : struct, ISaturation
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < bytes / 4; i++)
        {
            long sum = ((int*)dst)[i];
            for (int j = 2 * i; j < (2 * i) + 2; j++)
                sum += ((short*)a)[j] * ((short*)rm)[j];
            ((int*)d)[i] = TSaturation.Of(sum);
        }
    }
}

/// <summary>What becomes of a sum beyond 32 bits.</summary>
internal interface ISaturation
{
    static abstract int Of(long sum);
}

internal readonly struct Wrapped : ISaturation
{
    public static int Of(long sum) => (int)sum;
}

internal readonly struct Saturated : ISaturation
{
    public static int Of(long sum) => (int)Math.Clamp(sum, int.MinValue, int.MaxValue);
}

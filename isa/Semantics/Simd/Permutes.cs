using System.Numerics;
using System.Runtime.Intrinsics;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Simd;

// Permutations across lanes. SDM vol. 2.

/// <summary>VPERM2F128, VPERM2I128: each half is one of four, or zero.</summary>
internal readonly unsafe struct PermuteHalves : IWholeOperation
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        Half(d, a, rm, imm);
        Half(d + 16, a, rm, imm >> 4);
    }

    private static void Half(byte* d, byte* a, byte* rm, uint control)
    {
        byte* source = (control & 2) == 0 ? a : rm;
        *(Vector128<byte>*)d = (control & 8) != 0 ? default : Vector128.Load(source + (16 * (control & 1)));
    }
}

/// <summary>VPERMQ, VPERMPD with an immediate: within each 256 bits.</summary>
internal readonly unsafe struct PermuteQuadwordsAcross : IWholeOperation
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < bytes / 8; i++)
            ((ulong*)d)[i] = ((ulong*)rm)[(i & ~3) + (int)(imm >> (2 * (i & 3)) & 3)];
    }
}

/// <summary>VPERMB/W/D/Q/PS/PD with selectors in the first source.</summary>
internal readonly unsafe struct Permute<T> : IWholeOperation
    where T : unmanaged, IBinaryInteger<T>
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        int count = bytes / sizeof(T);
        for (int i = 0; i < count; i++)
            ((T*)d)[i] = ((T*)rm)[int.CreateTruncating(((T*)a)[i]) & (count - 1)];
    }
}

/// <summary>VPERMI2x: selectors in the destination, tables a and rm.</summary>
internal readonly unsafe struct PermuteTwoByIndex<T> : IWholeOperation
    where T : unmanaged, IBinaryInteger<T>
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm) =>
        FromTwo(d, dst, a, rm, bytes);

    public static void FromTwo(byte* d, byte* selectors, byte* low, byte* high, int bytes)
    {
        int count = bytes / sizeof(T);
        for (int i = 0; i < count; i++)
        {
            int from = int.CreateTruncating(((T*)selectors)[i]) & ((2 * count) - 1);
            ((T*)d)[i] = from < count ? ((T*)low)[from] : ((T*)high)[from - count];
        }
    }
}

/// <summary>VPERMT2x: selectors in a, tables are the destination and rm.</summary>
internal readonly unsafe struct PermuteTwoByTable<T> : IWholeOperation
    where T : unmanaged, IBinaryInteger<T>
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm) =>
        PermuteTwoByIndex<T>.FromTwo(d, a, dst, rm, bytes);
}

/// <summary>VSHUFF32X4, VSHUFI64X2…: lanes of a in the lower half, of rm in the upper half.</summary>
internal readonly unsafe struct ShuffleLanes : IWholeOperation
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        int lanes = bytes / 16, bits = lanes / 2;
        for (int i = 0; i < lanes; i++)
        {
            byte* source = i < lanes / 2 ? a : rm;
            Vector128.Load(source + (16 * (imm >> (i * bits) & (uint)(lanes - 1)))).Store(d + (16 * i));
        }
    }
}

/// <summary>VALIGND, VALIGNQ: elements of a:rm from one on.</summary>
internal readonly unsafe struct AlignElements<T> : IWholeOperation
    where T : unmanaged
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        int count = bytes / sizeof(T), shift = (int)imm & (count - 1);
        for (int i = 0; i < count; i++)
            ((T*)d)[i] = i + shift < count ? ((T*)rm)[i + shift] : ((T*)a)[i + shift - count];
    }
}

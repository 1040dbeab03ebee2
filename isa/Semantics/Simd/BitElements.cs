using System.Numerics;
using System.Runtime.CompilerServices;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Simd;

// AVX-512 operations on the bits of elements. SDM vol. 2.

/// <summary>VPLZCNTD/Q; elements are unsigned.</summary>
internal readonly unsafe struct LeadingZeros<T> : IWholeOperation
    where T : unmanaged, IBinaryInteger<T>
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < bytes / sizeof(T); i++)
            ((T*)d)[i] = T.LeadingZeroCount(((T*)rm)[i]);
    }
}

/// <summary>VPOPCNTB/W/D/Q.</summary>
internal readonly unsafe struct PopulationCount<T> : IWholeOperation
    where T : unmanaged, IBinaryInteger<T>
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < bytes / sizeof(T); i++)
            ((T*)d)[i] = T.PopCount(((T*)rm)[i]);
    }
}

/// <summary>VPCONFLICTD/Q: which earlier elements are equal.</summary>
internal readonly unsafe struct Conflicts<T> : IWholeOperation
    where T : unmanaged, IBinaryInteger<T>
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < bytes / sizeof(T); i++)
            for (int j = 0; j < i; j++)
                if (((T*)rm)[i] == ((T*)rm)[j])
                    ((T*)d)[i] |= T.One << j;
    }
}

/// <summary>VPMULTISHIFTQB: eight bits of rm's quadword from the bit that each byte of a names.</summary>
internal readonly unsafe struct MultiShift : IWholeOperation
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < bytes; i++)
            d[i] = (byte)BitOperations.RotateRight(((ulong*)rm)[i / 8], a[i] & 63);
    }
}

/// <summary>VPMADD52LUQ, VPMADD52HUQ: half of a 104-bit product, added to the destination.</summary>
internal readonly unsafe struct MultiplyAdd52<THalf> : IWholeOperation
    where THalf : struct, IProductHalf
{
    private const ulong Low52 = (1UL << 52) - 1;

    [MethodImpl(MethodImplOptions.NoInlining)] // a product of 128 bits has an address
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < bytes / 8; i++)
        {
            UInt128 product = (UInt128)(((ulong*)a)[i] & Low52) * (((ulong*)rm)[i] & Low52);
            ((ulong*)d)[i] = ((ulong*)dst)[i] + ((ulong)(product >> THalf.Shift) & Low52);
        }
    }
}

/// <summary>Which 52 bits of the product.</summary>
internal interface IProductHalf
{
    static abstract int Shift { get; }
}

internal readonly struct LowHalf : IProductHalf
{
    public static int Shift => 0;
}

internal readonly struct HighHalf : IProductHalf
{
    public static int Shift => 52;
}

/// <summary>VPSHLDx: the upper half of a:rm shifted left by the immediate.</summary>
internal readonly unsafe struct ConcatenateLeft<T> : IWholeOperation
    where T : unmanaged, IBinaryInteger<T>
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < bytes / sizeof(T); i++)
            ((T*)d)[i] = Of(((T*)a)[i], ((T*)rm)[i], (int)imm);
    }

    public static T Of(T high, T low, int count)
    {
        int bits = 8 * sizeof(T);
        count &= bits - 1;
        return count == 0 ? high : (high << count) | (low >>> (bits - count));
    }
}

/// <summary>VPSHRDx: the lower half of rm:a shifted right by the immediate.</summary>
internal readonly unsafe struct ConcatenateRight<T> : IWholeOperation
    where T : unmanaged, IBinaryInteger<T>
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < bytes / sizeof(T); i++)
            ((T*)d)[i] = Of(((T*)rm)[i], ((T*)a)[i], (int)imm);
    }

    public static T Of(T high, T low, int count)
    {
        int bits = 8 * sizeof(T);
        count &= bits - 1;
        return count == 0 ? low : (low >>> count) | (high << (bits - count));
    }
}

/// <summary>VPSHLDVx: the destination above a, by counts in rm.</summary>
internal readonly unsafe struct ConcatenateLeftEach<T> : IWholeOperation
    where T : unmanaged, IBinaryInteger<T>
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < bytes / sizeof(T); i++)
            ((T*)d)[i] = ConcatenateLeft<T>.Of(((T*)dst)[i], ((T*)a)[i], int.CreateTruncating(((T*)rm)[i]));
    }
}

/// <summary>VPSHRDVx: a above the destination, by counts in rm.</summary>
internal readonly unsafe struct ConcatenateRightEach<T> : IWholeOperation
    where T : unmanaged, IBinaryInteger<T>
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < bytes / sizeof(T); i++)
            ((T*)d)[i] = ConcatenateRight<T>.Of(((T*)a)[i], ((T*)dst)[i], int.CreateTruncating(((T*)rm)[i]));
    }
}

/// <summary>VPMOVxx: elements cut to narrower ones.</summary>
internal readonly unsafe struct Truncate<TFrom, TTo> : IWholeOperation
    where TFrom : unmanaged, IBinaryInteger<TFrom> where TTo : unmanaged, IBinaryInteger<TTo>
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < bytes / sizeof(TFrom); i++)
            ((TTo*)d)[i] = TTo.CreateTruncating(((TFrom*)rm)[i]);
    }
}

/// <summary>VPMOVSxx, VPMOVUSxx: with saturation, signed or unsigned by both types.</summary>
internal readonly unsafe struct Saturate<TFrom, TTo> : IWholeOperation
    where TFrom : unmanaged, IBinaryInteger<TFrom> where TTo : unmanaged, IBinaryInteger<TTo>
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < bytes / sizeof(TFrom); i++)
            ((TTo*)d)[i] = TTo.CreateSaturating(((TFrom*)rm)[i]);
    }
}

/// <summary>VPCOMPRESSx, VCOMPRESSPx to a register: the active elements in a row, then the destination's or zeros.</summary>
internal readonly unsafe struct Compress<T> : IWholeOperation
    where T : unmanaged
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        int count = bytes / sizeof(T), to = 0;
        for (int i = 0; i < count; i++)
            if (((lp->Scratch >> i) & 1) != 0)
                ((T*)d)[to++] = ((T*)rm)[i];
        for (; to < count && lp->Scratch2 == 0; to++)
            ((T*)d)[to] = ((T*)dst)[to];
    }
}

/// <summary>VPEXPANDx, VEXPANDPx: consecutive elements of the operand to the active places.</summary>
internal readonly unsafe struct Expand<T> : IWholeOperation
    where T : unmanaged
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0, from = 0; i < bytes / sizeof(T); i++)
            if (((lp->Scratch >> i) & 1) != 0)
                ((T*)d)[i] = ((T*)rm)[from++];
            else if (lp->Scratch2 == 0)
                ((T*)d)[i] = ((T*)dst)[i];
    }
}

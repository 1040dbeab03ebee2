using System.Numerics;
using System.Runtime.Intrinsics;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Simd;

// Opmask registers: operations on them, and between them and vectors. SDM vol. 2. T is as wide as the mask, unsigned;
// the result is zero-extended to 64 bits.

/// <summary>KMOVx.</summary>
internal readonly unsafe struct MaskMove<T> : IWholeOperation
    where T : unmanaged
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm) =>
        *(T*)d = *(T*)rm;
}

/// <summary>An operation on two masks.</summary>
internal interface IMaskOperation
{
    static abstract T Apply<T>(T a, T rm) where T : unmanaged, IBinaryInteger<T>;
}

internal readonly struct MaskAnd : IMaskOperation
{
    public static T Apply<T>(T a, T rm) where T : unmanaged, IBinaryInteger<T> => a & rm;
}

internal readonly struct MaskAndNot : IMaskOperation
{
    public static T Apply<T>(T a, T rm) where T : unmanaged, IBinaryInteger<T> => ~a & rm;
}

internal readonly struct MaskOr : IMaskOperation
{
    public static T Apply<T>(T a, T rm) where T : unmanaged, IBinaryInteger<T> => a | rm;
}

internal readonly struct MaskXor : IMaskOperation
{
    public static T Apply<T>(T a, T rm) where T : unmanaged, IBinaryInteger<T> => a ^ rm;
}

internal readonly struct MaskXnor : IMaskOperation
{
    public static T Apply<T>(T a, T rm) where T : unmanaged, IBinaryInteger<T> => ~(a ^ rm);
}

internal readonly struct MaskAdd : IMaskOperation
{
    public static T Apply<T>(T a, T rm) where T : unmanaged, IBinaryInteger<T> => unchecked(a + rm);
}

internal readonly struct MaskNot : IMaskOperation
{
    public static T Apply<T>(T a, T rm) where T : unmanaged, IBinaryInteger<T> => ~rm;
}

/// <summary>KANDx, KORx…</summary>
internal readonly unsafe struct OnMasks<TOp, T> : IWholeOperation
    where TOp : struct, IMaskOperation where T : unmanaged, IBinaryInteger<T>
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm) =>
        *(T*)d = TOp.Apply(*(T*)a, *(T*)rm);
}

/// <summary>KSHIFTLx: the whole immediate is the count.</summary>
internal readonly unsafe struct MaskShiftLeft<T> : IWholeOperation
    where T : unmanaged, IBinaryInteger<T>
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm) =>
        *(T*)d = (imm & 0xFF) < 8 * sizeof(T) ? *(T*)rm << (int)(imm & 0xFF) : T.Zero;
}

/// <summary>KSHIFTRx.</summary>
internal readonly unsafe struct MaskShiftRight<T> : IWholeOperation
    where T : unmanaged, IBinaryInteger<T>
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm) =>
        *(T*)d = (imm & 0xFF) < 8 * sizeof(T) ? *(T*)rm >>> (int)(imm & 0xFF) : T.Zero;
}

/// <summary>KUNPCKxx: a above rm; T is the half.</summary>
internal readonly unsafe struct MaskUnpack<T> : IWholeOperation
    where T : unmanaged
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        ((T*)d)[0] = *(T*)rm;
        ((T*)d)[1] = *(T*)a;
    }
}

/// <summary>KORTESTx: ZF for zeros, CF for ones.</summary>
internal readonly unsafe struct MaskOrTest<T> : IWholeOperation
    where T : unmanaged, IBinaryInteger<T>
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        T both = *(T*)a | *(T*)rm;
        LazyFlags.Update(lp, RflagsBit.Arithmetic,
            (both == T.Zero ? RflagsBit.Zf : 0) | (both == ~T.Zero ? RflagsBit.Cf : 0));
    }
}

/// <summary>KTESTx: ZF when they have no bit in common, CF when rm has none beyond a.</summary>
internal readonly unsafe struct MaskTest<T> : IWholeOperation
    where T : unmanaged, IBinaryInteger<T>
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        T common = *(T*)a & *(T*)rm, beyond = ~*(T*)a & *(T*)rm;
        LazyFlags.Update(lp, RflagsBit.Arithmetic,
            (common == T.Zero ? RflagsBit.Zf : 0) | (beyond == T.Zero ? RflagsBit.Cf : 0));
    }
}

/// <summary>VPMOVM2x: elements of ones and zeros.</summary>
internal readonly unsafe struct MaskToVector<T> : IWholeOperation
    where T : unmanaged, IBinaryInteger<T>
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < bytes / sizeof(T); i++)
            ((T*)d)[i] = ((*(ulong*)rm >> i) & 1) != 0 ? ~T.Zero : T.Zero;
    }
}

/// <summary>VPBROADCASTMB2Q, VPBROADCASTMW2D: the mask in every element.</summary>
internal readonly unsafe struct BroadcastMask<TMask, T> : IWholeOperation
    where TMask : unmanaged, IBinaryInteger<TMask> where T : unmanaged, IBinaryInteger<T>
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < bytes / sizeof(T); i++)
            ((T*)d)[i] = T.CreateTruncating(*(TMask*)rm);
    }
}

/// <summary>Which comparison.</summary>
internal interface IPredicate
{
    static abstract uint Of(uint imm);
}

/// <summary>The immediate's low three bits.</summary>
internal readonly struct ByPredicate : IPredicate
{
    public static uint Of(uint imm) => imm & 7;
}

internal readonly struct IfEqual : IPredicate
{
    public static uint Of(uint imm) => 0;
}

internal readonly struct IfGreater : IPredicate
{
    public static uint Of(uint imm) => 6;
}

/// <summary>VPCMPx, VPCMPUx, VPCMPEQx, VPCMPGTx into a mask.</summary>
internal readonly unsafe struct CompareToMask<T, TPredicate> : IWholeOperation
    where T : unmanaged where TPredicate : struct, IPredicate
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        uint predicate = TPredicate.Of(imm);
        ulong mask = 0;
        for (int at = 0; at < bytes; at += 16)
        {
            Vector128<T> left = Vector128.Load((T*)(a + at)), right = Vector128.Load((T*)(rm + at));
            Vector128<T> holds = (predicate & 3) switch
            {
                0 => Vector128.Equals(left, right),
                1 => Vector128.LessThan(left, right),
                2 => Vector128.LessThanOrEqual(left, right),
                _ => Vector128<T>.Zero,
            };
            if ((predicate & 4) != 0)
                holds = ~holds;
            mask |= (ulong)holds.ExtractMostSignificantBits() << (at / sizeof(T));
        }
        *(ulong*)d = mask;
    }
}

/// <summary>VPTESTMx: elements with common bits.</summary>
internal readonly unsafe struct TestToMask<T> : IWholeOperation
    where T : unmanaged, IBinaryInteger<T>
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        ulong mask = 0;
        for (int i = 0; i < bytes / sizeof(T); i++)
            mask |= ((((T*)a)[i] & ((T*)rm)[i]) != T.Zero ? 1UL : 0) << i;
        *(ulong*)d = mask;
    }
}

/// <summary>VPTESTNMx: elements without.</summary>
internal readonly unsafe struct TestNotToMask<T> : IWholeOperation
    where T : unmanaged, IBinaryInteger<T>
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        TestToMask<T>.Apply(lp, d, dst, a, b, rm, bytes, imm);
        int count = bytes / sizeof(T);
        *(ulong*)d = ~*(ulong*)d & (count == 64 ? ulong.MaxValue : (1UL << count) - 1);
    }
}

/// <summary>VPSHUFBITQMB: for each byte of rm the bit of a's quadword that it names.</summary>
internal readonly unsafe struct SelectBits : IWholeOperation
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        ulong mask = 0;
        for (int i = 0; i < bytes; i++)
            mask |= (((ulong*)a)[i / 8] >> (rm[i] & 63) & 1) << i;
        *(ulong*)d = mask;
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Seamsim.Isa.Semantics.Simd;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Float.Simd;

/// <summary>MINPS, MAXPS and their kin. SDM vol. 2B.</summary>
internal interface IExtremum
{
    static abstract bool IsMaximum { get; }
}

internal readonly struct Minimum : IExtremum
{
    public static bool IsMaximum => false;
}

internal readonly struct Maximum : IExtremum
{
    public static bool IsMaximum => true;
}

/// <summary>Each element, or the first one and the others from the first source.</summary>
internal readonly unsafe struct ExtremumFloat<TOp, T, TCount> : IVectorOperation
    where TOp : struct, IExtremum where T : unmanaged where TCount : struct, IElementCount
{
    public static bool RaisesExceptions => true;

    public static int ImmediateBitsPerLane => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(LogicalProcessor* lp, Vector128<byte> dst, Vector128<byte> a, Vector128<byte> b,
        Vector128<byte> rm, uint imm)
    {
        if (sizeof(T) > 2)
        {
            Vector128<T> x = TCount.IsScalar ? FastFloat.Scalar<T>(a) : a.As<byte, T>();
            Vector128<T> y = TCount.IsScalar ? FastFloat.Scalar<T>(rm) : rm.As<byte, T>();
            if (FastFloat.All(FastFloat.IsOrdinary(x) & FastFloat.IsOrdinary(y)))
            {
                Vector128<T> first = TOp.IsMaximum ? Vector128.GreaterThan(x, y) : Vector128.LessThan(x, y);
                Vector128<T> result = Vector128.ConditionalSelect(first, x, y);
                return TCount.IsScalar
                    ? a.As<byte, T>().WithElement(0, result.ToScalar()).AsByte()
                    : result.AsByte();
            }
        }
        return Define(lp, a, rm);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Vector128<byte> Define(LogicalProcessor* lp, Vector128<byte> a, Vector128<byte> rm)
    {
        FloatEnvironment env = FloatType<T>.Environment(lp);
        Vector128<byte> result = a;
        for (int i = 0; i < (TCount.IsScalar ? 1 : 16 / sizeof(T)); i++)
        {
            ulong x = FloatType<T>.Read((byte*)&a, i), y = FloatType<T>.Read((byte*)&rm, i);
            FloatType<T>.Write((byte*)&result, i, TOp.IsMaximum
                ? FloatLanes.Maximum(x, y, FloatType<T>.Format, ref env)
                : FloatLanes.Minimum(x, y, FloatType<T>.Format, ref env));
        }
        lp->SimdRaised |= (uint)env.Raised;
        return result;
    }
}

/// <summary>All elements of a vector, or the first one.</summary>
internal interface IElementCount
{
    static abstract bool IsScalar { get; }
}

internal readonly struct AllElements : IElementCount
{
    public static bool IsScalar => false;
}

internal readonly struct FirstElement : IElementCount
{
    public static bool IsScalar => true;
}

/// <summary>How many predicates the immediate of a compare tells apart.</summary>
internal interface IPredicates
{
    static abstract uint Mask { get; }
}

/// <summary>Legacy encodings have eight.</summary>
internal readonly struct EightPredicates : IPredicates
{
    public static uint Mask => 7;
}

/// <summary>VEX and EVEX have 32.</summary>
internal readonly struct AllPredicates : IPredicates
{
    public static uint Mask => 31;
}

/// <summary>CMPPS, CMPPD, CMPSS, CMPSD: ones where the predicate holds. SDM vol. 2A.</summary>
internal readonly unsafe struct CompareFloat<T, TPredicates, TCount> : IVectorOperation
    where T : unmanaged where TPredicates : struct, IPredicates where TCount : struct, IElementCount
{
    public static bool RaisesExceptions => true;

    public static int ImmediateBitsPerLane => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(LogicalProcessor* lp, Vector128<byte> dst, Vector128<byte> a, Vector128<byte> b,
        Vector128<byte> rm, uint imm)
    {
        Vector128<T> x = TCount.IsScalar ? FastFloat.Scalar<T>(a) : a.As<byte, T>();
        Vector128<T> y = TCount.IsScalar ? FastFloat.Scalar<T>(rm) : rm.As<byte, T>();
        if (!FastFloat.All(FastFloat.IsOrdinary(x) & FastFloat.IsOrdinary(y)))
            return Define(lp, a, rm, (int)(imm & TPredicates.Mask));
        int relations = CmpPredicates.Relations((int)(imm & TPredicates.Mask));
        Vector128<byte> result = (Vector128.LessThan(x, y).AsByte() & Mask(relations))
            | (Vector128.Equals(x, y).AsByte() & Mask(relations >> 1))
            | (Vector128.GreaterThan(x, y).AsByte() & Mask(relations >> 2));
        return TCount.IsScalar ? a.As<byte, T>().WithElement(0, result.As<byte, T>().ToScalar()).AsByte() : result;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Mask(int relation) => Vector128.Create(-(relation & 1)).AsByte();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Vector128<byte> Define(LogicalProcessor* lp, Vector128<byte> a, Vector128<byte> rm, int predicate)
    {
        FloatEnvironment env = FloatType<T>.Environment(lp);
        Vector128<byte> result = a;
        for (int i = 0; i < (TCount.IsScalar ? 1 : 16 / sizeof(T)); i++)
        {
            FloatValue x = FloatType<T>.Unpack((byte*)&a, i, env), y = FloatType<T>.Unpack((byte*)&rm, i, env);
            FloatType<T>.Write((byte*)&result, i, FloatComparison.Holds(predicate, x, y, ref env) ? ulong.MaxValue : 0);
        }
        lp->SimdRaised |= (uint)env.Raised;
        return result;
    }
}

/// <summary>VCMPPS and its kin of AVX-512: a bit of an opmask register for each element.</summary>
internal readonly unsafe struct CompareToMask<T, TCount> : IWholeOperation
    where T : unmanaged where TCount : struct, IElementCount
{
    public static bool RaisesExceptions => true;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        FloatEnvironment env = FloatType<T>.Environment(lp);
        ulong mask = 0;
        for (int i = 0; i < (TCount.IsScalar ? 1 : bytes / sizeof(T)); i++)
        {
            FloatValue x = FloatType<T>.Unpack(a, i, env), y = FloatType<T>.Unpack(rm, i, env);
            mask |= FloatComparison.Holds((int)(imm & 31), x, y, ref env) ? 1UL << i : 0;
        }
        *(ulong*)d = mask;
        lp->SimdRaised |= (uint)env.Raised;
    }
}

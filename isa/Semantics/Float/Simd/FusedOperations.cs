using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Seamsim.Isa.Semantics.Simd;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Float.Simd;

/// <summary>Which operands are factors and which one is the addend. SDM vol. 2C, "VFMADD132PD…".</summary>
internal interface IFusedOrder
{
    static abstract void Arrange<T>(T dst, T a, T rm, out T x, out T y, out T z);
}

internal readonly struct Order132 : IFusedOrder
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Arrange<T>(T dst, T a, T rm, out T x, out T y, out T z) => (x, y, z) = (dst, rm, a);
}

internal readonly struct Order213 : IFusedOrder
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Arrange<T>(T dst, T a, T rm, out T x, out T y, out T z) => (x, y, z) = (a, dst, rm);
}

internal readonly struct Order231 : IFusedOrder
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Arrange<T>(T dst, T a, T rm, out T x, out T y, out T z) => (x, y, z) = (a, rm, dst);
}

/// <summary>The signs of product and addend in even and in odd elements.</summary>
internal interface IFusedSigns
{
    static abstract bool NegatesProduct { get; }

    static abstract bool NegatesEvenAddend { get; }

    static abstract bool NegatesOddAddend { get; }
}

internal readonly struct MultiplyAddSigns : IFusedSigns
{
    public static bool NegatesProduct => false;

    public static bool NegatesEvenAddend => false;

    public static bool NegatesOddAddend => false;
}

internal readonly struct MultiplySubtractSigns : IFusedSigns
{
    public static bool NegatesProduct => false;

    public static bool NegatesEvenAddend => true;

    public static bool NegatesOddAddend => true;
}

internal readonly struct NegativeMultiplyAddSigns : IFusedSigns
{
    public static bool NegatesProduct => true;

    public static bool NegatesEvenAddend => false;

    public static bool NegatesOddAddend => false;
}

internal readonly struct NegativeMultiplySubtractSigns : IFusedSigns
{
    public static bool NegatesProduct => true;

    public static bool NegatesEvenAddend => true;

    public static bool NegatesOddAddend => true;
}

internal readonly struct AddSubtractSigns : IFusedSigns
{
    public static bool NegatesProduct => false;

    public static bool NegatesEvenAddend => true;

    public static bool NegatesOddAddend => false;
}

internal readonly struct SubtractAddSigns : IFusedSigns
{
    public static bool NegatesProduct => false;

    public static bool NegatesEvenAddend => false;

    public static bool NegatesOddAddend => true;
}

/// <summary>VFMADD132PS and its kin.</summary>
internal readonly unsafe struct PackedFused<TOrder, TSigns, T> : IVectorOperation
    where TOrder : struct, IFusedOrder where TSigns : struct, IFusedSigns where T : unmanaged
{
    public static bool RaisesExceptions => true;

    public static int ImmediateBitsPerLane => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(LogicalProcessor* lp, Vector128<byte> dst, Vector128<byte> a, Vector128<byte> b,
        Vector128<byte> rm, uint imm)
    {
        if (sizeof(T) > 2 && FastFloat.Applies(lp))
        {
            TOrder.Arrange(dst.As<byte, T>(), a.As<byte, T>(), rm.As<byte, T>(),
                out Vector128<T> x, out Vector128<T> y, out Vector128<T> z);
            Vector128<T> result = Fused<TSigns, T>.Compute(x, y, z);
            if (Fused<TSigns, T>.IsPlain(x, y, z, result))
                return result.AsByte();
        }
        TOrder.Arrange(dst, a, rm, out Vector128<byte> first, out Vector128<byte> second, out Vector128<byte> addend);
        return Fused<TSigns, T>.Packed(lp, first, second, addend);
    }
}

/// <summary>VFMADD132SS and its kin: the elements but the first stay.</summary>
internal readonly unsafe struct ScalarFused<TOrder, TSigns, T> : IVectorOperation
    where TOrder : struct, IFusedOrder where TSigns : struct, IFusedSigns where T : unmanaged
{
    public static bool RaisesExceptions => true;

    public static int ImmediateBitsPerLane => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(LogicalProcessor* lp, Vector128<byte> dst, Vector128<byte> a, Vector128<byte> b,
        Vector128<byte> rm, uint imm)
    {
        TOrder.Arrange(dst, a, rm, out Vector128<byte> first, out Vector128<byte> second, out Vector128<byte> addend);
        if (sizeof(T) > 2 && FastFloat.Applies(lp))
        {
            Vector128<T> x = FastFloat.Scalar<T>(first), y = FastFloat.Scalar<T>(second);
            Vector128<T> z = Vector128.CreateScalar(addend.As<byte, T>().ToScalar()); // the ones do not cancel
            Vector128<T> result = Fused<TSigns, T>.Compute(x, y, z);
            if (Fused<TSigns, T>.IsPlain(x, y, z, result))
                return dst.As<byte, T>().WithElement(0, result.ToScalar()).AsByte();
        }
        return Fused<TSigns, T>.Scalar(lp, dst, first, second, addend);
    }
}

internal static unsafe class Fused<TSigns, T>
    where TSigns : struct, IFusedSigns where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Compute(Vector128<T> x, Vector128<T> y, Vector128<T> z) => FastFloat.MultiplyAdd(
        TSigns.NegatesProduct ? FastFloat.Negate(x) : x, y, Addend(z));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsPlain(Vector128<T> x, Vector128<T> y, Vector128<T> z, Vector128<T> result) => FastFloat.All(
        FastFloat.IsOrdinary(x) & FastFloat.IsOrdinary(y) & FastFloat.IsOrdinary(z)
        & FastFloat.IsInRange(result, FastFloat.IsZero(x) | FastFloat.IsZero(y)));

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Vector128<byte> Packed(LogicalProcessor* lp, Vector128<byte> x, Vector128<byte> y, Vector128<byte> z)
    {
        if (sizeof(T) > 2 && FastFloat.AppliesWhenExact(lp))
        {
            Vector128<T> a = x.As<byte, T>(), b = y.As<byte, T>(), c = z.As<byte, T>(), result = Compute(a, b, c);
            if (IsPlain(a, b, c, result) && IsExact(a, b, c))
                return result.AsByte();
        }
        return Define(lp, x, x, y, z, 16 / sizeof(T));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Vector128<byte> Scalar(
        LogicalProcessor* lp, Vector128<byte> dst, Vector128<byte> x, Vector128<byte> y, Vector128<byte> z)
    {
        if (sizeof(T) > 2 && FastFloat.AppliesWhenExact(lp))
        {
            Vector128<T> a = FastFloat.Scalar<T>(x), b = FastFloat.Scalar<T>(y);
            Vector128<T> c = Vector128.CreateScalar(z.As<byte, T>().ToScalar()), result = Compute(a, b, c);
            if (IsPlain(a, b, c, result) && IsExact(a, b, c))
                return dst.As<byte, T>().WithElement(0, result.ToScalar()).AsByte();
        }
        return Define(lp, dst, x, y, z, 1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<T> Addend(Vector128<T> z)
    {
        if (TSigns.NegatesEvenAddend && TSigns.NegatesOddAddend)
            return FastFloat.Negate(z);
        if (!TSigns.NegatesEvenAddend && !TSigns.NegatesOddAddend)
            return z;
        Vector128<byte> odd = sizeof(T) == 4
            ? Vector128.Create(0, -0f, 0, -0f).AsByte()
            : Vector128.Create(0, -0d).AsByte();
        Vector128<byte> even = sizeof(T) == 4
            ? Vector128.Create(-0f, 0, -0f, 0).AsByte()
            : Vector128.Create(-0d, 0).AsByte();
        return z ^ (TSigns.NegatesEvenAddend ? even : odd).As<byte, T>();
    }

    /// <summary>Product and sum each need no rounding.</summary>
    private static bool IsExact(Vector128<T> x, Vector128<T> y, Vector128<T> z)
    {
        Vector128<T> product = TSigns.NegatesProduct ? FastFloat.Negate(x * y) : x * y, addend = Addend(z);
        return FastFloat.All(
            FastFloat.IsExactProduct(x, y, x * y) & FastFloat.IsExactSum(product, addend, product + addend));
    }

    private static Vector128<byte> Define(LogicalProcessor* lp, Vector128<byte> result, Vector128<byte> x,
        Vector128<byte> y, Vector128<byte> z, int count)
    {
        FloatEnvironment env = FloatType<T>.Environment(lp);
        for (int i = 0; i < count; i++)
        {
            bool negates = (i & 1) == 0 ? TSigns.NegatesEvenAddend : TSigns.NegatesOddAddend;
            FloatValue value = FloatFusedMultiply.MultiplyAdd(
                FloatType<T>.Unpack((byte*)&x, i, env), FloatType<T>.Unpack((byte*)&y, i, env),
                FloatType<T>.Unpack((byte*)&z, i, env), TSigns.NegatesProduct, negates, FloatType<T>.Format, ref env);
            FloatType<T>.Pack((byte*)&result, i, value);
        }
        lp->SimdRaised |= (uint)env.Raised;
        return result;
    }
}

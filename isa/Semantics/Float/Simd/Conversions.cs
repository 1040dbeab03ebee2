using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Seamsim.Isa.Semantics.Simd;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Float.Simd;

// SDM vol. 2A, 2C, the instructions CVT… and VCVT…. Integers are named by their .NET types.

/// <summary>How a conversion to integers rounds.</summary>
internal interface IIntegerRounding
{
    static abstract bool Truncates { get; }
}

/// <summary>By MXCSR.RC.</summary>
internal readonly struct ByControl : IIntegerRounding
{
    public static bool Truncates => false;
}

/// <summary>CVTT…</summary>
internal readonly struct Truncated : IIntegerRounding
{
    public static bool Truncates => true;
}

/// <summary>Elements of an integer type in memory.</summary>
internal static unsafe class IntegerType<T>
    where T : unmanaged
{
    public static bool IsSigned => typeof(T) == typeof(short) || typeof(T) == typeof(int) || typeof(T) == typeof(long);

    /// <summary>Sign- or zero-extended.</summary>
    public static ulong Read(byte* at, int i)
    {
        if (typeof(T) == typeof(short))
            return (ulong)((short*)at)[i];
        return typeof(T) == typeof(int) ? (ulong)((int*)at)[i] : FloatType<T>.Read(at, i);
    }
}

/// <summary>CVTPS2DQ, CVTTPD2DQ, VCVTPS2QQ…: floating-point elements to integers of the same or another size.</summary>
internal readonly unsafe struct ToIntegers<TFrom, TTo, TRounding> : IWholeOperation
    where TFrom : unmanaged where TTo : unmanaged where TRounding : struct, IIntegerRounding
{
    public static bool RaisesExceptions => true;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes,
        uint imm) =>
        IntegerConversion<TFrom, TTo, TRounding>.Apply(lp, d, rm, bytes / Math.Max(sizeof(TFrom), sizeof(TTo)));
}

/// <summary>
/// CVTSS2SI, CVTTSD2SI, VCVTSS2USI…: the first element to a general register; CVTPS2PI: two to an MMX register.
/// </summary>
internal readonly unsafe struct ToInteger<TFrom, TTo, TRounding> : IWholeOperation
    where TFrom : unmanaged where TTo : unmanaged where TRounding : struct, IIntegerRounding
{
    public static bool RaisesExceptions => true;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes,
        uint imm) =>
        IntegerConversion<TFrom, TTo, TRounding>.Apply(lp, d, rm, 1);
}

/// <summary>CVTPS2PI, CVTTPD2PI: two elements to an MMX register.</summary>
internal readonly unsafe struct ToMmx<TFrom, TRounding> : IWholeOperation
    where TFrom : unmanaged where TRounding : struct, IIntegerRounding
{
    public static bool RaisesExceptions => true;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes,
        uint imm) =>
        IntegerConversion<TFrom, int, TRounding>.Apply(lp, d, rm, 2);
}

internal static unsafe class IntegerConversion<TFrom, TTo, TRounding>
    where TFrom : unmanaged where TTo : unmanaged where TRounding : struct, IIntegerRounding
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Apply(LogicalProcessor* lp, byte* d, byte* rm, int count)
    {
        FloatEnvironment env = FloatEnvironment.FromMxcsr(lp->Mxcsr);
        RoundingMode mode = TRounding.Truncates ? RoundingMode.TowardZero : env.Rounding;
        for (int i = 0; i < count; i++)
        {
            if (!FastConversion.TryToInteger<TFrom, TTo>(lp, rm, i, mode, out ulong integer))
                integer = FloatInteger.ToInteger(
                    FloatType<TFrom>.Unpack(rm, i, env), sizeof(TTo) * 8, IntegerType<TTo>.IsSigned, mode, ref env);
            FloatType<TTo>.Write(d, i, integer);
        }
        lp->SimdRaised |= (uint)env.Raised;
    }
}

/// <summary>CVTDQ2PS, CVTDQ2PD, VCVTUQQ2PS…: integers to floating-point elements of the same or another size.</summary>
internal readonly unsafe struct FromIntegers<TFrom, TTo> : IWholeOperation
    where TFrom : unmanaged where TTo : unmanaged
{
    public static bool RaisesExceptions => true;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        FloatEnvironment env = FloatType<TTo>.Environment(lp);
        int count = bytes / Math.Max(sizeof(TFrom), sizeof(TTo));
        for (int i = 0; i < count; i++)
            IntegersInto<TFrom, TTo>.Convert(lp, d, rm, i, ref env);
        lp->SimdRaised |= (uint)env.Raised;
    }
}

/// <summary>CVTSI2SS, VCVTUSI2SD…: the first element from a general register or memory.</summary>
internal readonly unsafe struct FromInteger<TFrom, TTo> : IVectorOperation
    where TFrom : unmanaged where TTo : unmanaged
{
    public static bool RaisesExceptions => true;

    public static int ImmediateBitsPerLane => 0;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Vector128<byte> Apply(LogicalProcessor* lp, Vector128<byte> dst, Vector128<byte> a, Vector128<byte> b,
        Vector128<byte> rm, uint imm) => IntegersInto<TFrom, TTo>.Replace(lp, a, rm, 1);
}

/// <summary>CVTPI2PS, CVTPI2PD: two elements from an MMX register or memory.</summary>
internal readonly unsafe struct FromMmx<TTo> : IVectorOperation
    where TTo : unmanaged
{
    public static bool RaisesExceptions => true;

    public static int ImmediateBitsPerLane => 0;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Vector128<byte> Apply(LogicalProcessor* lp, Vector128<byte> dst, Vector128<byte> a, Vector128<byte> b,
        Vector128<byte> rm, uint imm) => IntegersInto<int, TTo>.Replace(lp, a, rm, 2);
}

internal static unsafe class IntegersInto<TFrom, TTo>
    where TFrom : unmanaged where TTo : unmanaged
{
    /// <summary>Replaces the first elements of <paramref name="result"/>.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Vector128<byte> Replace(LogicalProcessor* lp, Vector128<byte> result, Vector128<byte> rm, int count)
    {
        FloatEnvironment env = FloatType<TTo>.Environment(lp);
        for (int i = 0; i < count; i++)
            Convert(lp, (byte*)&result, (byte*)&rm, i, ref env);
        lp->SimdRaised |= (uint)env.Raised;
        return result;
    }

    /// <summary>Converts one element.</summary>
    public static void Convert(LogicalProcessor* lp, byte* to, byte* from, int i, ref FloatEnvironment env)
    {
        ulong integer = IntegerType<TFrom>.Read(from, i);
        if (!FastConversion.TryFromInteger<TTo>(lp, to, i, integer, IntegerType<TFrom>.IsSigned))
            FloatType<TTo>.Pack(to, i, FloatInteger.FromInteger(
                integer, IntegerType<TFrom>.IsSigned, FloatType<TTo>.Format, ref env));
    }
}

/// <summary>CVTPS2PD, CVTPD2PS: elements of one format to another.</summary>
internal readonly unsafe struct FormatConversion<TFrom, TTo> : IWholeOperation
    where TFrom : unmanaged where TTo : unmanaged
{
    public static bool RaisesExceptions => true;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        FloatEnvironment env = FloatType<TTo>.ConversionEnvironment(lp);
        int count = bytes / Math.Max(sizeof(TFrom), sizeof(TTo));
        for (int i = 0; i < count; i++)
            if (!FastConversion.TryConvert<TFrom, TTo>(lp, rm, d, i))
                FloatType<TTo>.Pack(d, i, FloatArithmetic.Convert(
                    FloatType<TFrom>.Unpack(rm, i, env), FloatType<TTo>.Format, ref env));
        lp->SimdRaised |= (uint)env.Raised;
    }
}

/// <summary>CVTSS2SD, CVTSD2SS: the first element; the others come from the first source.</summary>
internal readonly unsafe struct ScalarFormatConversion<TFrom, TTo> : IVectorOperation
    where TFrom : unmanaged where TTo : unmanaged
{
    public static bool RaisesExceptions => true;

    public static int ImmediateBitsPerLane => 0;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Vector128<byte> Apply(LogicalProcessor* lp, Vector128<byte> dst, Vector128<byte> a, Vector128<byte> b,
        Vector128<byte> rm, uint imm)
    {
        FloatEnvironment env = FloatType<TTo>.ConversionEnvironment(lp);
        if (FastConversion.TryConvert<TFrom, TTo>(lp, (byte*)&rm, (byte*)&a, 0))
            return a;
        FloatType<TTo>.Pack((byte*)&a, 0, FloatArithmetic.Convert(
            FloatType<TFrom>.Unpack((byte*)&rm, 0, env), FloatType<TTo>.Format, ref env));
        lp->SimdRaised |= (uint)env.Raised;
        return a;
    }
}

/// <summary>VCVTPH2PS: DAZ does not apply and denormals are not reported. SDM vol. 2C.</summary>
internal readonly unsafe struct HalfToSingle : IWholeOperation
{
    public static bool RaisesExceptions => true;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        FloatEnvironment env = FloatEnvironment.FromMxcsr(lp->Mxcsr);
        for (int i = 0; i < bytes / 4; i++)
        {
            FloatValue value = FloatFormat.Binary16.Unpack(((ushort*)rm)[i], denormalsAreZeros: false);
            ((uint*)d)[i] = (uint)FloatFormat.Binary32.Pack(
                FloatArithmetic.Convert(value with { WasDenormal = false }, FloatFormat.Binary32, ref env));
        }
        lp->SimdRaised |= (uint)env.Raised;
    }
}

/// <summary>VCVTPS2PH: rounding control in the immediate; FTZ does not apply. SDM vol. 2C.</summary>
internal readonly unsafe struct SingleToHalf : IWholeOperation
{
    public static bool RaisesExceptions => true;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        FloatEnvironment env = FloatEnvironment.FromMxcsr(lp->Mxcsr);
        env.Ftz = false;
        if ((imm & 4) == 0)
            env.Rounding = (RoundingMode)(imm & 3);
        for (int i = 0; i < bytes / 4; i++)
            ((ushort*)d)[i] = (ushort)FloatFormat.Binary16.Pack(
                FloatArithmetic.Convert(FloatType<float>.Unpack(rm, i, env), FloatFormat.Binary16, ref env));
        lp->SimdRaised |= (uint)env.Raised;
    }
}

using System.Runtime.CompilerServices;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Float.Simd;

/// <summary>
/// Conversions of single elements that .NET makes with the same bits: normal numbers or zero, results in range. False:
/// the definition has to be followed. What is reported here is PE, and only that.
/// </summary>
internal static unsafe class FastConversion
{
    private const double SmallestSingle = 1.17549435082228750797e-38, LargestSingle = 3.4028234663852886e38;
    private const double SmallestDouble = 2.2250738585072014e-308;
    private const uint Precision = (uint)FloatFlags.Precision;

    /// <summary>To an integer of the type, by truncation or to nearest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryToInteger<TFrom, TTo>(
        LogicalProcessor* lp, byte* from, int i, RoundingMode mode, out ulong result)
        where TFrom : unmanaged where TTo : unmanaged
    {
        result = 0;
        if (sizeof(TFrom) == 2 || sizeof(TTo) == 2 || mode is not (RoundingMode.NearestEven or RoundingMode.TowardZero))
            return false;
        double value = Read<TFrom>(from, i), magnitude = Math.Abs(value);
        double limit = sizeof(TTo) == 8 ? 9e18 : IntegerType<TTo>.IsSigned ? int.MaxValue : uint.MaxValue;
        bool plain = magnitude < limit && (magnitude >= Smallest<TFrom>() || magnitude == 0);
        if (!plain || (!IntegerType<TTo>.IsSigned && value < 0))
            return false;
        double rounded = mode == RoundingMode.TowardZero ? Math.Truncate(value) : Math.Round(value);
        if (rounded != value)
            lp->SimdRaised |= Precision;
        result = (ulong)(long)rounded;
        return true;
    }

    /// <summary>From an integer, sign- or zero-extended to 64 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFromInteger<TTo>(LogicalProcessor* lp, byte* to, int i, ulong integer, bool signed)
        where TTo : unmanaged
    {
        long value = (long)integer;
        const long exact = 1L << 53, exactSingle = 1L << 24;
        if (sizeof(TTo) == 2 || (!signed && value < 0))
            return false;
        bool isExact = sizeof(TTo) == 8
            ? value is <= exact and >= -exact
            : value is <= exactSingle and >= -exactSingle;
        if (!isExact && !FastFloat.Applies(lp))
            return false;
        if (sizeof(TTo) == 8)
            ((double*)to)[i] = value;
        else
            ((float*)to)[i] = value;
        return true;
    }

    /// <summary>Between single and double precision.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryConvert<TFrom, TTo>(LogicalProcessor* lp, byte* from, byte* to, int i)
        where TFrom : unmanaged where TTo : unmanaged
    {
        if (sizeof(TFrom) == 2 || sizeof(TTo) == 2)
            return false;
        double value = Read<TFrom>(from, i), magnitude = Math.Abs(value);
        bool plain = magnitude == 0 || (magnitude > SmallestSingle && magnitude <= LargestSingle);
        if (!plain)
            return false;
        if (sizeof(TTo) == 8)
        {
            ((double*)to)[i] = value;
            return true;
        }
        float single = (float)value;
        if (Math.Abs(single) > LargestSingle || (single != value && !FastFloat.Applies(lp)))
            return false;
        ((float*)to)[i] = single;
        return true;
    }

    /// <summary>To an integral value of the same type.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRound<T>(LogicalProcessor* lp, byte* from, byte* to, int i, RoundingMode mode, bool report)
        where T : unmanaged
    {
        if (sizeof(T) == 2)
            return false;
        double value = Read<T>(from, i), magnitude = Math.Abs(value);
        bool plain = magnitude == 0 || (magnitude >= Smallest<T>() && magnitude <= double.MaxValue);
        if (!plain)
            return false;
        double rounded = mode switch
        {
            RoundingMode.NearestEven => Math.Round(value),
            RoundingMode.Down => Math.Floor(value),
            RoundingMode.Up => Math.Ceiling(value),
            _ => Math.Truncate(value),
        };
        if (report && rounded != value)
            lp->SimdRaised |= Precision;
        if (sizeof(T) == 8)
            ((double*)to)[i] = rounded;
        else
            ((float*)to)[i] = (float)rounded; // an integral value of a single is a single
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double Read<T>(byte* at, int i) where T : unmanaged =>
        sizeof(T) == 8 ? ((double*)at)[i] : ((float*)at)[i];

    private static double Smallest<T>() where T : unmanaged => sizeof(T) == 8 ? SmallestDouble : SmallestSingle;
}

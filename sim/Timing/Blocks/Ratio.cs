using System.Globalization;

namespace Seamsim.Timing.Blocks;

/// <summary>A non-negative rational number in lowest terms: cycles an iteration, exactly.</summary>
public readonly record struct Ratio : IComparable<Ratio>
{
    private readonly long denominatorLessOne;

    /// <summary>A number over another, reduced.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The denominator is not positive or the numerator
    /// negative.</exception>
    public Ratio(long numerator, long denominator)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(numerator);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(denominator);
        long divisor = GreatestCommonDivisor(numerator, denominator);
        Numerator = numerator / divisor;
        denominatorLessOne = denominator / divisor - 1;
    }

    /// <summary>Nothing.</summary>
    public static Ratio Zero => default;

    /// <summary>Above the line.</summary>
    public long Numerator { get; }

    /// <summary>Below the line; at least one.</summary>
    public long Denominator => denominatorLessOne + 1;

    /// <summary>The next whole number.</summary>
    public long Ceiling => (Numerator + Denominator - 1) / Denominator;

    /// <summary>Hundredths; a half is rounded to the even one.</summary>
    public long Hundredths
    {
        get
        {
            (long hundredths, long rest) = Math.DivRem(Numerator * 100, Denominator);
            int half = (2 * rest).CompareTo(Denominator);
            return half > 0 || half == 0 && hundredths % 2 != 0 ? hundredths + 1 : hundredths;
        }
    }

    /// <summary>The larger of two.</summary>
    public static Ratio Max(Ratio a, Ratio b) => a.CompareTo(b) >= 0 ? a : b;

    /// <summary>The sum.</summary>
    public static Ratio operator +(Ratio a, Ratio b) => new(
        a.Numerator * b.Denominator + b.Numerator * a.Denominator, a.Denominator * b.Denominator);

    /// <summary>Whether the first is smaller.</summary>
    public static bool operator <(Ratio a, Ratio b) => a.CompareTo(b) < 0;

    /// <summary>Whether the first is larger.</summary>
    public static bool operator >(Ratio a, Ratio b) => a.CompareTo(b) > 0;

    /// <summary>Whether the first is not larger.</summary>
    public static bool operator <=(Ratio a, Ratio b) => a.CompareTo(b) <= 0;

    /// <summary>Whether the first is not smaller.</summary>
    public static bool operator >=(Ratio a, Ratio b) => a.CompareTo(b) >= 0;

    /// <inheritdoc/>
    public int CompareTo(Ratio other) =>
        ((Int128)Numerator * other.Denominator).CompareTo((Int128)other.Numerator * Denominator);

    /// <summary>Two decimals.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Hundredths / 100}.{Hundredths % 100:00}");

    private static long GreatestCommonDivisor(long a, long b)
    {
        while (b != 0)
            (a, b) = (b, a % b);
        return Math.Max(1, a);
    }
}

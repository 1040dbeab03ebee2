using System.Globalization;
using System.Text;

namespace Seamsim.Sweeps;

/// <summary>One run of a grid.</summary>
/// <param name="Index">0-based; the last axis varies fastest.</param>
/// <param name="Name">Directory name: index and axes.</param>
/// <param name="Values">A value of every axis.</param>
internal sealed record RunPoint(int Index, string Name, IReadOnlyList<AxisValue> Values);

/// <summary>The product of the axes.</summary>
internal sealed class Grid(IReadOnlyList<Axis> axes)
{
    /// <summary>More runs than this are refused.</summary>
    public const int MaxRuns = 1_000_000;

    private const int MaxNameLength = 160;

    /// <summary>The axes in order.</summary>
    public IReadOnlyList<Axis> Axes { get; } = axes;

    /// <summary>Number of runs; <see cref="MaxRuns"/> + 1 when there are more.</summary>
    public int Count { get; } = CountOf(axes);

    /// <summary>All runs in order.</summary>
    public IEnumerable<RunPoint> Points => Enumerable.Range(0, Count).Select(Point);

    /// <summary>A run by its index.</summary>
    public RunPoint Point(int index)
    {
        AxisValue[] values = new AxisValue[Axes.Count];
        int rest = index;
        for (int i = Axes.Count - 1; i >= 0; i--)
        {
            values[i] = Axes[i].Values[rest % Axes[i].Values.Count];
            rest /= Axes[i].Values.Count;
        }
        return new RunPoint(index, NameOf(index, values), values);
    }

    private string NameOf(int index, AxisValue[] values)
    {
        int digits = Math.Max(4, (Count - 1).ToString(CultureInfo.InvariantCulture).Length);
        StringBuilder name = new(index.ToString($"D{digits}", CultureInfo.InvariantCulture));
        for (int i = 0; i < values.Length; i++)
            name.Append(i == 0 ? '-' : ',').Append(Axes[i].Name).Append('=').Append(values[i].Text);
        for (int i = 0; i < name.Length; i++)
            if (!char.IsAsciiLetterOrDigit(name[i]) && name[i] is not ('.' or '_' or '-' or '=' or ','))
                name[i] = '_';
        return name.ToString(0, Math.Min(name.Length, MaxNameLength)).TrimEnd('.');
    }

    private static int CountOf(IReadOnlyList<Axis> axes)
    {
        long count = 1;
        foreach (Axis axis in axes)
            count = Math.Min(count * axis.Values.Count, MaxRuns + 1);
        return (int)count;
    }
}

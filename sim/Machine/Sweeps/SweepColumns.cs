namespace Seamsim.Sweeps;

/// <summary>The columns that every results table has besides axes and statistics.</summary>
internal static class SweepColumns
{
    /// <summary>The run's number in the grid.</summary>
    public const string Index = "index";

    /// <summary>pass, fail, internal-error, cancelled or missing.</summary>
    public const string Status = "status";

    /// <summary>What the run came to, in words.</summary>
    public const string Outcome = "outcome";

    /// <summary>Everything that went wrong.</summary>
    public const string Reason = "reason";

    /// <summary>Columns whose texts are categories that a plot can show.</summary>
    public static IReadOnlyList<string> Categories => [Status, Outcome];

    /// <summary>Whether every table has a column of this name.</summary>
    public static bool IsReserved(string name) => name is Index or Status or Outcome or Reason;

    /// <summary>Whether this can be the name of a statistic: they are dotted paths.</summary>
    public static bool IsStatistic(string name) => name.Contains('.', StringComparison.Ordinal);
}

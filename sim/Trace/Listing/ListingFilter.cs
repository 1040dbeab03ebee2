namespace Seamsim.Trace;

/// <summary>Which rows of a trace are wanted.</summary>
public sealed record ListingFilter
{
    /// <summary>Only this logical processor; null: all.</summary>
    public int? Lp { get; init; }

    /// <summary>Only these worlds.</summary>
    public TraceWorlds Worlds { get; init; } = TraceWorlds.All;

    /// <summary>From this instruction on.</summary>
    public ulong From { get; init; }

    /// <summary>Up to this instruction, exclusively, and the events before it.</summary>
    public ulong To { get; init; } = ulong.MaxValue;

    /// <summary>Only rows with this text, whatever its case; null: all.</summary>
    public string? Text { get; init; }

    internal bool Wants(int lp, TraceWorld world) =>
        (Lp is null || Lp == lp) && (Worlds & (TraceWorlds)(1 << (int)world)) != 0;

    internal bool Wants(TraceRow row) =>
        Text is null
        || row.Text.Contains(Text, StringComparison.OrdinalIgnoreCase)
        || row.Detail.Contains(Text, StringComparison.OrdinalIgnoreCase)
        || row.Symbol.Contains(Text, StringComparison.OrdinalIgnoreCase);
}

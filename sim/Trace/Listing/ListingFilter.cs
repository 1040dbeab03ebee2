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

    /// <summary>Whether a record may have rows in the range.</summary>
    internal bool MayWant(TraceRecord record) =>
        record.IsExecution
            ? record.Instruction < To
                && (record.Retired == 0
                    ? record.Instruction >= From : record.Instruction + (ulong)record.Retired > From)
            : record.Instruction >= From && record.Instruction <= To;

    /// <summary>Whether nothing from a record on has rows in the range.</summary>
    internal bool IsBehind(TraceRecord record) =>
        record.IsExecution ? record.Instruction >= To : record.After < 0 && record.Instruction > To;

    /// <summary>Events belong to the instruction they come before.</summary>
    internal bool Wants(TraceRow row) =>
        row.Instruction >= From && row.Instruction <= To && (!row.IsInstruction || row.Instruction < To)
        && HasText(row);

    private bool HasText(TraceRow row) =>
        Text is null
        || row.Text.Contains(Text, StringComparison.OrdinalIgnoreCase)
        || row.Detail.Contains(Text, StringComparison.OrdinalIgnoreCase)
        || row.Symbol.Contains(Text, StringComparison.OrdinalIgnoreCase);
}

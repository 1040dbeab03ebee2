using System.Text;
using System.Text.Json;

namespace Seamsim.Sweeps;

/// <summary>How a run ended.</summary>
internal enum RunStatus
{
    /// <summary>Every step succeeded.</summary>
    Pass,

    /// <summary>A step failed, or a limit was reached.</summary>
    Fail,

    /// <summary>A bug of the simulator.</summary>
    InternalError,

    /// <summary>Ctrl-C; it runs again on resume.</summary>
    Cancelled,

    /// <summary>Not run yet.</summary>
    Missing,
}

/// <summary>One row of the results.</summary>
/// <param name="Point">The run.</param>
/// <param name="Status">How it ended.</param>
/// <param name="Outcome">What it came to, in words.</param>
/// <param name="Reason">Everything that went wrong.</param>
/// <param name="Statistics">Figures by name.</param>
internal sealed record SweepRow(
    RunPoint Point, RunStatus Status, string Outcome, string Reason, IReadOnlyDictionary<string, ulong> Statistics)
{
    private static readonly string[] Names = ["pass", "fail", "internal-error", "cancelled", "missing"];

    /// <summary>A run that has no result.</summary>
    public static SweepRow Without(RunPoint point, RunStatus status) =>
        new(point, status, Names[(int)status], "", new Dictionary<string, ulong>());

    /// <summary>The status as tables write it.</summary>
    public string StatusText => Names[(int)Status];

    /// <summary>Whether the result stands and need not be computed again.</summary>
    public bool IsFinished => Status is RunStatus.Pass or RunStatus.Fail;

    /// <summary>The row as <c>result.json</c>.</summary>
    public string ToJson(Grid grid, string fingerprint)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes, JsonText.Options))
        {
            writer.WriteStartObject();
            writer.WriteNumber(SweepColumns.Index, Point.Index);
            writer.WriteStartObject("axes");
            for (int i = 0; i < grid.Axes.Count; i++)
                writer.WriteString(grid.Axes[i].Name, Point.Values[i].Text);
            writer.WriteEndObject();
            writer.WriteString(SweepColumns.Status, StatusText);
            writer.WriteString(SweepColumns.Outcome, Outcome);
            writer.WriteString(SweepColumns.Reason, Reason);
            writer.WriteString("fingerprint", fingerprint);
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.ToArray()) + "\n";
    }

    /// <summary>A finished row from <c>result.json</c> and <c>stats.json</c>; null when it belongs to another run.</summary>
    /// <exception cref="JsonException">The text is no result.</exception>
    public static SweepRow? FromJson(
        RunPoint point, string fingerprint, string result, Func<string> stats, IReadOnlyCollection<string> wanted)
    {
        using JsonDocument document = JsonDocument.Parse(result);
        JsonElement root = document.RootElement;
        int status = Array.IndexOf(Names, JsonText.Of(root, SweepColumns.Status));
        if (JsonText.Of(root, "fingerprint") != fingerprint || status is not ((int)RunStatus.Pass or (int)RunStatus.Fail))
            return null;
        return new SweepRow(
            point, (RunStatus)status, JsonText.Of(root, SweepColumns.Outcome), JsonText.Of(root, SweepColumns.Reason),
            StatisticsOf(stats(), wanted));
    }

    private static Dictionary<string, ulong> StatisticsOf(string stats, IReadOnlyCollection<string> wanted)
    {
        using JsonDocument document = JsonDocument.Parse(stats);
        if (document.RootElement.ValueKind != JsonValueKind.Object
            || !document.RootElement.TryGetProperty("stats", out JsonElement all))
            throw new JsonException("\"stats\": missing");
        Dictionary<string, ulong> values = [];
        foreach (JsonProperty stat in all.EnumerateObject())
            if (wanted.Contains(stat.Name))
                values[stat.Name] = stat.Value.GetProperty("value").GetUInt64();
        return values;
    }
}

using System.Text;
using System.Text.Json;

namespace Seamsim.Sweeps;

/// <summary><c>sweep.json</c>: to which experiment a directory belongs.</summary>
/// <param name="Experiment">Name of the experiment.</param>
/// <param name="Grid">Axes and values, condensed.</param>
/// <param name="Fingerprints">Of every run, by index.</param>
internal sealed record SweepManifest(string Experiment, string Grid, IReadOnlyList<string> Fingerprints)
{
    /// <summary>The file's name.</summary>
    public const string FileName = "sweep.json";

    /// <summary>The manifest of a plan.</summary>
    public static SweepManifest Of(SweepPlan plan) =>
        new(plan.Experiment.Name, GridOf(plan.Experiment.Grid), plan.Fingerprints);

    /// <summary>Axes and values, condensed.</summary>
    public static string GridOf(Grid grid) => Fingerprint.Condense(string.Join('\n',
        grid.Axes.Select(axis => $"{axis.Name}\t{string.Join('\t', axis.Values.Select(value => value.Text))}")));

    /// <summary>As JSON.</summary>
    public string ToJson()
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes, JsonText.Options))
        {
            writer.WriteStartObject();
            writer.WriteString("experiment", Experiment);
            writer.WriteString("grid", Grid);
            writer.WriteStartArray("fingerprints");
            foreach (string fingerprint in Fingerprints)
                writer.WriteStringValue(fingerprint);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.ToArray()) + "\n";
    }

    /// <summary>From JSON.</summary>
    /// <exception cref="JsonException">It is no manifest.</exception>
    public static SweepManifest FromJson(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        JsonElement root = document.RootElement;
        string experiment = JsonText.Of(root, "experiment"), grid = JsonText.Of(root, "grid");
        if (!root.TryGetProperty("fingerprints", out JsonElement list) || list.ValueKind != JsonValueKind.Array)
            throw new JsonException("\"fingerprints\": expected an array");
        return new SweepManifest(experiment, grid, [.. list.EnumerateArray().Select(item => item.GetString() ?? "")]);
    }
}

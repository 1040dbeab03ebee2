using System.Text.Encodings.Web;
using System.Text.Json;

namespace Seamsim.Sweeps;

/// <summary>How a sweep's JSON files are written and read.</summary>
internal static class JsonText
{
    /// <summary>Indented; only what JSON itself needs is escaped.</summary>
    public static JsonWriterOptions Options => new()
    {
        Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>A string property.</summary>
    /// <exception cref="JsonException">It is not there.</exception>
    public static string Of(JsonElement root, string name) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out JsonElement value)
            && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : throw new JsonException($"\"{name}\": expected a string");
}

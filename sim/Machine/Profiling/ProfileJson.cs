using System.Text;
using System.Text.Json;
using Seamsim.Configuration;
using Seamsim.Isa.Ports;
using Seamsim.Timing;

namespace Seamsim.Profiling;

/// <summary>A profile as JSON, written and read back; files with the same figures are the same bytes.</summary>
internal static class ProfileJson
{
    /// <summary>The file's name in a profile directory.</summary>
    public const string FileName = "profile.json";

    /// <summary>The text.</summary>
    public static string Of(Profile profile)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter json = new(bytes, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteString("model", profile.Model);
            json.WriteNumber("cycles", profile.Total);
            Write(json, "leaves", profile.Leaves);
            Write(json, "guest_leaves", profile.GuestLeaves);
            json.WriteStartArray("worlds");
            foreach (WorldPart part in profile.Worlds)
            {
                json.WriteStartObject();
                json.WriteNumber("lp", part.Lp);
                json.WriteString("world", ProfileText.Of(part.World));
                json.WriteString("cause", ProfileText.Of(part.Cause));
                json.WriteNumber("cycles", part.Cycles);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteStartArray("instructions");
            foreach (WorldInstructions part in profile.Instructions)
            {
                json.WriteStartObject();
                json.WriteNumber("lp", part.Lp);
                json.WriteString("world", ProfileText.Of(part.World));
                json.WriteNumber("retired", part.Retired);
                json.WriteNumber("modelled", part.Modelled);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteStartArray("top_down");
            foreach ((int lp, World world, TopDown parts) in profile.TopDown)
            {
                json.WriteStartObject();
                json.WriteNumber("lp", lp);
                json.WriteString("world", ProfileText.Of(world));
                foreach ((string name, ulong cycles) in parts.Named)
                    json.WriteNumber(name, cycles);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.ToArray()) + "\n";
    }

    /// <summary>The profile of a directory.</summary>
    /// <exception cref="ConfigurationException">There is none, or it cannot be read.</exception>
    public static Profile Read(string directory)
    {
        string path = Path.Combine(directory, FileName);
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
            JsonElement root = document.RootElement;
            return new Profile
            {
                Model = root.GetProperty("model").GetString()!,
                Leaves = ReadLeaves(root.GetProperty("leaves")),
                GuestLeaves = ReadLeaves(root.GetProperty("guest_leaves")),
                Instructions = [.. root.GetProperty("instructions").EnumerateArray().Select(part => new WorldInstructions(
                    part.GetProperty("lp").GetInt32(), Named<World>(part, "world"),
                    part.GetProperty("retired").GetUInt64(), part.GetProperty("modelled").GetUInt64()))],
                TopDown = [.. root.GetProperty("top_down").EnumerateArray().Select(part => new TopDownPart(
                    part.GetProperty("lp").GetInt32(), Named<World>(part, "world"), new TopDown(
                        part.GetProperty("retiring").GetUInt64(), part.GetProperty("bad_speculation").GetUInt64(),
                        part.GetProperty("frontend_bound").GetUInt64(), part.GetProperty("backend_bound").GetUInt64())))],
                Worlds = [.. root.GetProperty("worlds").EnumerateArray().Select(part => new WorldPart(
                    part.GetProperty("lp").GetInt32(), Named<World>(part, "world"),
                    Named<Cause>(part, "cause"), part.GetProperty("cycles").GetUInt64()))],
            };
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException or ArgumentException
            or JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
        {
            throw new ConfigurationException(
                $"{path}: expected the {FileName} that seamsim profile -d or boot -d writes: {wrong.Message}", wrong);
        }
    }

    private static void Write(Utf8JsonWriter json, string name, IReadOnlyList<ProfiledLeaf> leaves)
    {
        json.WriteStartArray(name);
        foreach (ProfiledLeaf leaf in leaves)
        {
            json.WriteStartObject();
            json.WriteString("leaf", leaf.Name);
            json.WriteNumber("calls", leaf.Calls);
            json.WriteNumber("instructions", leaf.Instructions);
            json.WriteNumber("cycles", leaf.Total);
            json.WriteNumber("mean", leaf.Mean);
            json.WriteNumber("p50", leaf.P50);
            json.WriteNumber("p99", leaf.P99);
            json.WriteNumber("worst", leaf.Worst);
            json.WriteStartArray("parts");
            foreach (LeafPart part in leaf.Parts)
            {
                json.WriteStartObject();
                json.WriteString("phase", ProfileText.Of(part.Phase));
                json.WriteString("cause", ProfileText.Of(part.Cause));
                json.WriteNumber("cycles", part.Cycles);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static T Named<T>(JsonElement part, string key)
        where T : struct, Enum => ProfileText.Parse<T>(part.GetProperty(key).GetString()!);

    private static ProfiledLeaf[] ReadLeaves(JsonElement leaves) =>
    [
        .. leaves.EnumerateArray().Select(leaf => new ProfiledLeaf
        {
            Name = leaf.GetProperty("leaf").GetString()!,
            Calls = leaf.GetProperty("calls").GetUInt64(),
            Instructions = leaf.GetProperty("instructions").GetUInt64(),
            P50 = leaf.GetProperty("p50").GetUInt64(),
            P99 = leaf.GetProperty("p99").GetUInt64(),
            Worst = leaf.GetProperty("worst").GetUInt64(),
            Parts = [.. leaf.GetProperty("parts").EnumerateArray().Select(part => new LeafPart(
                Named<LeafPhase>(part, "phase"),
                Named<Cause>(part, "cause"), part.GetProperty("cycles").GetUInt64()))],
        }),
    ];
}

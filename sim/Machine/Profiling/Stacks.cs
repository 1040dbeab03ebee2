using System.Text;
using System.Text.Json;
using Seamsim.Timing;

namespace Seamsim.Profiling;

/// <summary>
/// A profile as stacks: world and cause, and below SEAM the leaf, its phase and the cause. The weights sum to the clocks
/// of all logical processors.
/// </summary>
internal static class Stacks
{
    private const string Root = "all", Seam = "seam";

    /// <summary>Every stack that is not empty, from the root to the leaf, with its cycles.</summary>
    public static IReadOnlyList<(string[] Frames, ulong Cycles)> Of(Profile profile)
    {
        List<(string[] Frames, ulong Cycles)> stacks = [];
        foreach (World world in Enum.GetValues<World>())
            if (world is not (World.Seam or World.Transition))
                foreach (Cause cause in Enum.GetValues<Cause>())
                    Add(stacks, profile.Worlds.Where(part => part.World == world && part.Cause == cause),
                        Root, ProfileText.Of(world), ProfileText.Of(cause));
        ulong inLeaves = 0;
        foreach (ProfiledLeaf leaf in profile.Leaves)
            foreach (LeafPart part in leaf.Parts)
            {
                stacks.Add(([Root, Seam, leaf.Name, ProfileText.Of(part.Phase), ProfileText.Of(part.Cause)], part.Cycles));
                inLeaves += part.Cycles;
            }
        ulong all = Sum(profile.Worlds.Where(part => part.World is World.Seam or World.Transition));
        if (all > inLeaves)
            stacks.Add(([Root, Seam, "no leaf"], all - inLeaves));
        return stacks;
    }

    /// <summary>Collapsed stacks, as flame graph tools read them: <c>a;b;c cycles</c>.</summary>
    public static string ToCollapsed(Profile profile)
    {
        StringBuilder text = new();
        foreach ((string[] frames, ulong cycles) in Of(profile))
            text.AppendJoin(';', frames).Append(' ').Append(ProfileText.Of(cycles)).Append('\n');
        return text.ToString();
    }

    /// <summary>A speedscope file with one sampled profile whose weights are cycles.</summary>
    public static void WriteSpeedscope(Stream to, Profile profile)
    {
        IReadOnlyList<(string[] Frames, ulong Cycles)> stacks = Of(profile);
        List<string> frames = [.. stacks.SelectMany(stack => stack.Frames).Distinct()];
        using Utf8JsonWriter json = new(to, new JsonWriterOptions { Indented = true, NewLine = "\n" });
        json.WriteStartObject();
        json.WriteString("$schema", "https://www.speedscope.app/file-format-schema.json");
        json.WriteString("exporter", "seamsim");
        json.WriteString("name", $"cycles ({profile.Model})");
        json.WriteStartObject("shared");
        json.WriteStartArray("frames");
        foreach (string frame in frames)
        {
            json.WriteStartObject();
            json.WriteString("name", frame);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteStartArray("profiles");
        json.WriteStartObject();
        json.WriteString("type", "sampled");
        json.WriteString("name", $"cycles ({profile.Model})");
        json.WriteString("unit", "none");
        json.WriteNumber("startValue", 0);
        json.WriteNumber("endValue", profile.Total);
        json.WriteStartArray("samples");
        foreach ((string[] stack, _) in stacks)
        {
            json.WriteStartArray();
            foreach (string frame in stack)
                json.WriteNumberValue(frames.IndexOf(frame));
            json.WriteEndArray();
        }
        json.WriteEndArray();
        json.WriteStartArray("weights");
        foreach ((_, ulong cycles) in stacks)
            json.WriteNumberValue(cycles);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Add(
        List<(string[] Frames, ulong Cycles)> stacks, IEnumerable<WorldPart> parts, params string[] frames)
    {
        if (Sum(parts) is var cycles and not 0)
            stacks.Add((frames, cycles));
    }

    private static ulong Sum(IEnumerable<WorldPart> parts) => parts.Aggregate(0UL, (sum, part) => sum + part.Cycles);
}

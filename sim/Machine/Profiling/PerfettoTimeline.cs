using System.Text.Json;
using Seamsim.Configuration;
using Seamsim.Timing;

namespace Seamsim.Profiling;

/// <summary>
/// The stays of logical processors as Chrome trace events, which Perfetto opens: a process for each processor, in it a
/// track for each world. One microsecond is one cycle.
/// </summary>
internal static class PerfettoTimeline
{
    private static readonly World[] Tracks = [World.Host, World.Transition, World.Seam, World.Td];

    /// <summary>Writes the file.</summary>
    public static void Write(Stream to, Timeline timeline, string model, int logicalProcessors)
    {
        using Utf8JsonWriter json = new(to, new JsonWriterOptions { NewLine = "\n" });
        json.WriteStartObject();
        json.WriteString("displayTimeUnit", "ns");
        json.WriteStartObject("otherData");
        json.WriteString("timing", model);
        json.WriteNumber("dropped_stays", timeline.Dropped);
        json.WriteEndObject();
        json.WriteStartArray("traceEvents");
        for (int lp = 0; lp < logicalProcessors; lp++)
        {
            Name(json, "process_name", lp, 0, ProfileText.OfLp(lp));
            foreach (World world in Tracks)
                Name(json, "thread_name", lp, (int)world, ProfileText.Of(world));
        }
        foreach (Stay stay in timeline.Stays)
            Write(json, stay);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, in Stay stay)
    {
        Begin(json, "X", stay.World == World.Host ? ProfileText.Of(stay.World) : Names.OfLeaf(stay.Leaf), stay.Lp,
            (int)stay.World);
        json.WriteString("cat", ProfileText.Of(stay.World));
        json.WriteNumber("ts", stay.Start);
        json.WriteNumber("dur", stay.Cycles);
        json.WriteEndObject();
    }

    private static void Name(Utf8JsonWriter json, string what, int lp, int track, string name)
    {
        Begin(json, "M", what, lp, track);
        json.WriteStartObject("args");
        json.WriteString("name", name);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Begin(Utf8JsonWriter json, string phase, string name, int lp, int track)
    {
        json.WriteStartObject();
        json.WriteString("ph", phase);
        json.WriteString("name", name);
        json.WriteNumber("pid", lp);
        json.WriteNumber("tid", track);
    }
}

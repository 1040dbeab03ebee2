using System.Text;
using System.Text.Json;
using Seamsim.Trace;

namespace Seamsim.Cli.Trace;

/// <summary>The counts of a trace as one JSON object: everything, not only the top rows.</summary>
internal static class TraceStatJson
{
    /// <summary>The object.</summary>
    public static string Of(TraceReader reader, TraceStatistics s)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter json = new(bytes))
        {
            json.WriteStartObject();
            Header(json, reader);
            json.WriteNumber("instructions", s.Instructions);
            json.WriteNumber("reads", s.Reads);
            json.WriteNumber("writes", s.Writes);
            json.WriteNumber("data_pages", s.DataPages);
            json.WriteNumber("data_lines", s.DataLines);
            json.WriteNumber("code_pages", s.CodePages);
            json.WriteNumber("code_lines", s.CodeLines);
            json.WriteStartObject("worlds");
            foreach (TraceWorld world in Enum.GetValues<TraceWorld>())
                json.WriteNumber(EventText.WorldName(world), s.ByWorld[(int)world]);
            json.WriteEndObject();
            Pairs(json, "mnemonics", s.Mnemonics);
            Pairs(json, "events", s.Events);
            Lps(json, s);
            Branches(json, s);
            Blocks(json, s);
            Leaves(json, s);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static void Header(Utf8JsonWriter json, TraceReader reader)
    {
        TraceHeader h = reader.Header;
        json.WriteString("file", reader.Name);
        json.WriteNumber("bytes", reader.Length);
        json.WriteNumber("frames", reader.Frames.Count);
        json.WriteBoolean("complete", reader.End.IsComplete);
        json.WriteString("tool", h.Tool);
        json.WriteString("config_hash", h.ConfigHash);
        json.WriteNumber("seed", h.Seed);
        json.WriteString("timing", h.TimingModel);
        json.WriteString("cpu", h.CpuModel);
        json.WriteNumber("lp_count", h.LpCount);
        json.WriteString("aspects", h.Aspects.ToString());
        json.WriteString("recorded_worlds", h.Worlds.ToString());
    }

    private static void Pairs(Utf8JsonWriter json, string name, IEnumerable<(string Name, ulong Count)> pairs)
    {
        json.WriteStartObject(name);
        foreach ((string key, ulong count) in pairs)
            json.WriteNumber(key, count);
        json.WriteEndObject();
    }

    private static void Lps(Utf8JsonWriter json, TraceStatistics s)
    {
        json.WriteStartArray("lps");
        foreach (LpCount lp in s.Lps)
        {
            json.WriteStartObject();
            json.WriteNumber("lp", lp.Lp);
            foreach (TraceWorld world in Enum.GetValues<TraceWorld>())
                json.WriteNumber(EventText.WorldName(world), lp.Instructions[(int)world]);
            json.WriteNumber("first_cycle", lp.FirstCycle);
            json.WriteNumber("last_cycle", lp.LastCycle);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void Branches(Utf8JsonWriter json, TraceStatistics s)
    {
        json.WriteStartArray("branches");
        foreach (BranchCount branch in s.Branches)
        {
            Place(json, branch.Address, branch.World);
            json.WriteNumber("executed", branch.Executed);
            json.WriteNumber("taken", branch.Taken);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void Blocks(Utf8JsonWriter json, TraceStatistics s)
    {
        json.WriteStartArray("blocks");
        foreach (BlockCount block in s.Blocks)
        {
            Place(json, block.Address, block.World);
            json.WriteNumber("executions", block.Executions);
            json.WriteNumber("instructions", block.Instructions);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void Leaves(Utf8JsonWriter json, TraceStatistics s)
    {
        json.WriteStartArray("leaves");
        foreach (LeafCount leaf in s.Leaves)
        {
            json.WriteStartObject();
            json.WriteString("leaf", leaf.Name);
            json.WriteNumber("calls", leaf.Calls);
            json.WriteNumber("returned", leaf.Returned);
            json.WriteNumber("failed", leaf.Failed);
            json.WriteNumber("cycles", leaf.Cycles);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void Place(Utf8JsonWriter json, ulong address, TraceWorld world)
    {
        json.WriteStartObject();
        json.WriteString("address", $"0x{address:x}");
        json.WriteString("world", EventText.WorldName(world));
    }
}

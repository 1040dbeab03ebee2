using System.Text.Json;

namespace Seamsim.Trace;

/// <summary>
/// Chrome trace events, which Perfetto opens: a process for each logical processor, in it a track for each world with a
/// slice while the processor is there, and a track each for SEAMCALL and TDCALL leaves. One microsecond is one cycle.
/// </summary>
internal sealed class PerfettoExporter : ITraceExporter
{
    private const int SeamcallTrack = 16, TdcallTrack = 17, EventTrack = 18;

    private readonly Utf8JsonWriter json;
    private readonly LeafTracker leaves = new();
    private readonly SortedDictionary<int, Stay> lps = [];

    public PerfettoExporter(Stream to, TraceReader reader)
    {
        json = new Utf8JsonWriter(to);
        json.WriteStartObject();
        json.WriteString("displayTimeUnit", "ns");
        json.WriteStartObject("otherData");
        json.WriteString("tool", reader.Header.Tool);
        json.WriteString("timing", reader.Header.TimingModel);
        json.WriteString("config_hash", reader.Header.ConfigHash);
        json.WriteNumber("seed", reader.Header.Seed);
        json.WriteEndObject();
        json.WriteStartArray("traceEvents");
    }

    public void Take(TraceRecord record, ulong space)
    {
        Where(record);
        if (record.IsExecution)
            return;
        switch (record.Kind)
        {
            case EventKind.LeafEnter:
                leaves.Saw(record);
                break;
            case EventKind.LeafExit when leaves.Saw(record) is { } entered:
                Leaf(record, entered);
                break;
            case EventKind.Exception or EventKind.VmEntry or EventKind.VmExit or EventKind.Mark
                or EventKind.Maintenance:
                Instant(record);
                break;
        }
    }

    public void Dispose()
    {
        foreach ((int lp, Stay stay) in lps)
            End(lp, stay, stay.Last);
        json.WriteEndArray();
        json.WriteEndObject();
        json.Dispose();
    }

    private void Where(TraceRecord record)
    {
        if (!lps.TryGetValue(record.Lp, out Stay? stay))
        {
            lps.Add(record.Lp, stay = new Stay { World = record.World, Since = record.Cycles });
            Introduce(record.Lp);
        }
        stay.Last = Math.Max(stay.Last, record.Cycles);
        if (stay.World == record.World)
            return;
        End(record.Lp, stay, record.Cycles);
        (stay.World, stay.Since) = (record.World, record.Cycles);
    }

    private void Introduce(int lp)
    {
        Name("process_name", lp, 0, $"LP {lp}");
        foreach (TraceWorld world in Enum.GetValues<TraceWorld>())
            Name("thread_name", lp, (int)world, EventText.WorldName(world));
        Name("thread_name", lp, SeamcallTrack, "SEAMCALL");
        Name("thread_name", lp, TdcallTrack, "TDCALL");
        Name("thread_name", lp, EventTrack, "events");
    }

    private void Name(string what, int lp, int track, string name)
    {
        Begin("M", what, lp, track);
        json.WriteStartObject("args");
        json.WriteString("name", name);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void End(int lp, Stay stay, ulong until)
    {
        if (until == stay.Since)
            return;
        Begin("X", EventText.WorldName(stay.World), lp, (int)stay.World);
        json.WriteNumber("ts", stay.Since);
        json.WriteNumber("dur", until - stay.Since);
        json.WriteEndObject();
    }

    private void Leaf(TraceRecord record, LeafEntry entered)
    {
        LeafClass @class = (LeafClass)record.Code;
        int track = LeafTracker.IsGuest(@class) ? TdcallTrack : SeamcallTrack;
        Begin("X", LeafText.NameOf(@class, entered.Rax), record.Lp, track);
        json.WriteNumber("ts", entered.Cycles);
        json.WriteNumber("dur", record.Cycles - entered.Cycles);
        json.WriteStartObject("args");
        json.WriteString("status", LeafText.StatusOf(@class, record.Operand(0)));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void Instant(TraceRecord record)
    {
        Begin("i", EventText.Of(record), record.Lp, EventTrack);
        json.WriteNumber("ts", record.Cycles);
        json.WriteString("s", "t");
        json.WriteEndObject();
    }

    private void Begin(string phase, string name, int lp, int track)
    {
        json.WriteStartObject();
        json.WriteString("ph", phase);
        json.WriteString("name", name);
        json.WriteNumber("pid", lp);
        json.WriteNumber("tid", track);
    }

    private sealed class Stay
    {
        public TraceWorld World { get; set; }

        public ulong Since { get; set; }

        public ulong Last { get; set; }
    }
}

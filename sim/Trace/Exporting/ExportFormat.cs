namespace Seamsim.Trace;

/// <summary>A format of another program, and what of a trace it has no place for.</summary>
/// <param name="Name">How <c>--to</c> names it.</param>
/// <param name="Loses">What it cannot hold.</param>
/// <param name="OneLp">It holds one logical processor.</param>
/// <param name="Open">Begins an export into a stream.</param>
public sealed record ExportFormat(
    string Name, string Loses, bool OneLp, Func<Stream, TraceReader, ITraceExporter> Open)
{
    /// <summary>Every format.</summary>
    public static IReadOnlyList<ExportFormat> All { get; } =
    [
        new("perfetto",
            "instructions, data accesses, registers, translations; cycles are shown as microseconds",
            OneLp: false, (to, reader) => new PerfettoExporter(to, reader)),
        new("spike",
            "world, KeyID, cycles, code size, physical addresses, sizes of accesses, events other than exceptions; "
            + "registers go to the last instruction of their block",
            OneLp: false, (to, _) => new SpikeExporter(to)),
        new("champsim",
            "instruction bytes, world, privilege, KeyID, cycles, physical addresses, sizes and values of accesses, "
            + "register values, every event; reads behind the fourth and writes behind the second of an instruction",
            OneLp: true, (to, _) => new ChampSimExporter(to)),
        new("drmemtrace-text",
            "world, privilege, KeyID, physical addresses, values, registers, and events other than exceptions; cycles "
            + "only where the logical processor changes",
            OneLp: false, (to, _) => new DrMemtraceExporter(to)),
        new("csv",
            "registers, values beyond eight bytes, guest-physical addresses, operands of events other than in words",
            OneLp: false, (to, reader) => new TableExporter(reader, new CsvSink(to))),
        new("parquet",
            "registers, values beyond eight bytes, guest-physical addresses, operands of events other than in words",
            OneLp: false, (to, reader) => new TableExporter(reader, new ParquetSink(to))),
    ];

    /// <summary>Why this part of a trace cannot be written in this format; null: it can.</summary>
    public string? Refusal(TraceReader reader, int? lp)
    {
        ulong lps = reader.Frames.Aggregate(0UL, (mask, frame) => mask | frame.LpMask);
        return OneLp && lp is null && (lps & (lps - 1)) != 0
            ? $"{Name} holds one logical processor and the trace has several: choose one with --lp" : null;
    }

    /// <summary>Writes the wanted part of a trace.</summary>
    /// <param name="reader">The trace.</param>
    /// <param name="to">Where to.</param>
    /// <param name="lp">Only this logical processor; null: all.</param>
    /// <param name="worlds">Only these worlds.</param>
    /// <exception cref="TraceFileException">A frame is damaged; what came before it is written.</exception>
    public void Export(TraceReader reader, Stream to, int? lp, TraceWorlds worlds)
    {
        using ITraceExporter exporter = Open(to, reader);
        TraceCursor cursor = reader.ReadFrom();
        while (cursor.Next())
        {
            TraceRecord record = cursor.Current;
            if ((lp is null || lp == record.Lp) && (worlds & (TraceWorlds)(1 << (int)record.World)) != 0)
                exporter.Take(record, cursor.SpaceOf(record.Lp));
            else
                exporter.Pass(record, cursor.SpaceOf(record.Lp));
        }
    }
}

/// <summary>Takes the records of a trace one after the other; disposing it completes the output.</summary>
public interface ITraceExporter : IDisposable
{
    /// <summary>A record that is wanted.</summary>
    void Take(TraceRecord record, ulong space);

    /// <summary>A record that is not wanted, but may say something about later ones.</summary>
    void Pass(TraceRecord record, ulong space)
    {
    }
}

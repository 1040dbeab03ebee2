using Iced.Intel;

namespace Seamsim.Trace;

/// <summary>A row of a table: an instruction, one of its accesses, or an event. README.md has the columns.</summary>
internal readonly record struct TableRow(
    ulong Record,
    ulong Instruction,
    int Lp,
    string World,
    ulong Cycles,
    string Kind,
    ulong? Address,
    int? Bytes,
    ulong? Physical,
    int? KeyId,
    ulong? Value,
    string Code,
    string Text);

/// <summary>Where rows go.</summary>
internal interface ITableSink : IDisposable
{
    void Put(in TableRow row);
}

/// <summary>Instructions, accesses and events as rows of a table.</summary>
internal sealed class TableExporter(TraceReader reader, ITableSink sink) : ITraceExporter
{
    private readonly InstructionWalk walk = new();
    private readonly Translations translations = new();
    private readonly LeafTracker leaves = new();
    private readonly Formatter formatter = new IntelFormatter(
        new FormatterOptions
        {
            HexPrefix = "0x", HexSuffix = "", UppercaseHex = false, SpaceAfterOperandSeparator = true,
        });
    private readonly StringOutput disassembly = new();
    private readonly bool values = reader.Header.Aspects.HasFlag(TraceAspects.Values);

    public void Take(TraceRecord record, ulong space)
    {
        translations.Saw(record, space);
        ulong? entered = leaves.Saw(record)?.Rax;
        if (record.IsExecution)
            Execution(record, space);
        else if (record.Kind != EventKind.Registers
            && (record.Kind != EventKind.Translation || record.Code != EventShape.Repeated))
            sink.Put(Row(
                record, record.Instruction, EventShape.Of(record.Kind)?.Name ?? $"event {(int)record.Kind}") with
            {
                Text = EventText.Of(record, entered),
            });
    }

    public void Pass(TraceRecord record, ulong space) => translations.Saw(record, space);

    public void Dispose() => sink.Dispose();

    private void Execution(TraceRecord record, ulong space)
    {
        walk.Begin(record);
        BlockDefinition block = record.Block!;
        for (int i = 0; i < walk.Count; i++)
        {
            ulong number = record.Instruction + (ulong)i;
            disassembly.Reset();
            formatter.Format(walk[i], disassembly);
            sink.Put(Row(record, number, "instruction") with
            {
                Address = walk[i].IP,
                Bytes = walk[i].Length,
                Physical = block.Physical == 0 ? null : block.Physical + (walk[i].IP - block.Address),
                KeyId = block.KeyId,
                Code = Convert.ToHexStringLower(walk.Block.CodeOf(i)),
                Text = disassembly.ToString(),
            });
            foreach (MemoryAccess access in walk.AccessesOf(i))
            {
                PageTranslation? page = translations.Of(space, access.Address);
                sink.Put(Row(record, number, access.IsWrite ? "write" : "read") with
                {
                    Address = access.Address,
                    Bytes = access.Bytes,
                    Physical = page is { } there ? there.Hpa | (access.Address & 0xFFF) : null,
                    KeyId = page?.KeyId,
                    Value = values ? access.Value : null,
                });
            }
        }
    }

    private static TableRow Row(TraceRecord record, ulong instruction, string kind) => new(
        record.Ordinal, instruction, record.Lp, EventText.WorldName(record.World), record.Cycles, kind,
        null, null, null, null, null, "", "");
}

namespace Seamsim.Timing.Blocks;

/// <summary>
/// The sizes, widths and rules of one core, and its table of instructions: a file of <c>key,value,source</c> rows that
/// a researcher copies and edits.
/// </summary>
public sealed class PipelineParameters
{
    private PipelineParameters(string name, ParameterRows rows, Func<string, string?> table)
    {
        Name = name;
        Ports = rows.Ports("ports");
        IssueWidth = rows.Number("issue_width", least: 1);
        PredecodeBytes = rows.Number("predecode_bytes", least: 1);
        PredecodeWidth = rows.Number("predecode_width", least: 1);
        LcpStall = rows.Number("lcp_stall");
        Decoders = rows.Number("decoders", least: 1);
        DecoderMicroOps = rows.Number("decoder_microops", least: 1);
        FusedInLastDecoder = rows.Flag("fused_in_last_decoder");
        MicrocodeWidth = rows.Number("microcode_width", least: 1);
        MicrocodeSwitch = rows.Number("microcode_switch");
        DsbWindow = rows.Number("dsb_window", least: 1);
        DsbWidth = rows.Number("dsb_width", least: 1);
        DsbLines = rows.Number("dsb_lines");
        DsbLineMicroOps = rows.Number("dsb_line_microops", least: 1);
        DsbMicroOps = rows.Number("dsb_microops");
        IdqMicroOps = rows.Number("idq_microops");
        LsdUnroll = rows.Flag("lsd") ? rows.Numbers("lsd_unroll", least: 1) : [];
        JccErratum = rows.Flag("jcc_erratum");
        PointerChase = rows.Flag("pointer_chase");
        HighByteRenamed = rows.Flag("high_byte_renamed");
        SyncPorts = rows.Ports("sync_ports", among: Ports);
        SyncLimit = rows.Number("sync_limit");
        MergePorts = rows.Ports("merge_ports", among: Ports);
        LoadPorts = rows.Ports("load_ports", among: Ports);
        StorePorts = rows.MicroOps("store_ports", among: Ports);
        StoreForward = rows.Number("store_forward");
        StoreAddressForward = rows.Number("store_address_forward");
        BlockedForward = rows.Number("blocked_forward");
        PopEndsGroup = rows.Flag("pop_ends_group");
        DefaultLatency = rows.Number("default_latency");
        DefaultLoadLatency = rows.Number("default_load_latency");
        string instructions = rows.Text("instructions");
        Instructions = new(instructions, rows.Table("instructions", table), InstructionNames.Load());
    }

    /// <summary>Names of the shipped cores.</summary>
    public static IReadOnlyList<string> Shipped { get; } = ["hsw", "skl", "icl", "golden-cove"];

    /// <summary>The name of the core.</summary>
    public string Name { get; }

    /// <summary>Execution ports: bit n is port n.</summary>
    public int Ports { get; }

    /// <summary>Fused µops that issue in a cycle.</summary>
    public int IssueWidth { get; }

    /// <summary>Bytes of an aligned block that the predecoder takes in a cycle.</summary>
    public int PredecodeBytes { get; }

    /// <summary>Instructions predecoded in a cycle.</summary>
    public int PredecodeWidth { get; }

    /// <summary>Cycles a length-changing prefix costs.</summary>
    public int LcpStall { get; }

    /// <summary>Decoders; the first one is complex.</summary>
    public int Decoders { get; }

    /// <summary>µops the decoders hand on in a cycle.</summary>
    public int DecoderMicroOps { get; }

    /// <summary>Whether the last decoder takes an instruction that may fuse with a jump.</summary>
    public bool FusedInLastDecoder { get; }

    /// <summary>µops a cycle from microcode.</summary>
    public int MicrocodeWidth { get; }

    /// <summary>Cycles lost by going to microcode and back.</summary>
    public int MicrocodeSwitch { get; }

    /// <summary>Bytes of a window of the µop cache.</summary>
    public int DsbWindow { get; }

    /// <summary>µops a cycle from the µop cache.</summary>
    public int DsbWidth { get; }

    /// <summary>Lines a window may use.</summary>
    public int DsbLines { get; }

    /// <summary>µops of a line.</summary>
    public int DsbLineMicroOps { get; }

    /// <summary>µops the whole µop cache holds, when every line is full.</summary>
    public int DsbMicroOps { get; }

    /// <summary>µops the decode queue holds: the limit of the loop stream detector.</summary>
    public int IdqMicroOps { get; }

    /// <summary>How often a loop of n µops is unrolled in the queue, from one on; empty without detector.</summary>
    public IReadOnlyList<int> LsdUnroll { get; }

    /// <summary>
    /// Whether a jump that crosses or ends at a 32-byte boundary keeps its window out of the µop cache.
    /// </summary>
    public bool JccErratum { get; }

    /// <summary>Whether a load whose base was loaded is a cycle faster.</summary>
    public bool PointerChase { get; }

    /// <summary>Whether AH, CH, DH and BH have names of their own.</summary>
    public bool HighByteRenamed { get; }

    /// <summary>Ports of the µop that synchronises the stack engine.</summary>
    public int SyncPorts { get; }

    /// <summary>Bytes by which the stack engine's offset may differ.</summary>
    public int SyncLimit { get; }

    /// <summary>Ports of the µop that merges a high byte.</summary>
    public int MergePorts { get; }

    /// <summary>Ports of loads, for forms that are in no table.</summary>
    public int LoadPorts { get; }

    /// <summary>
    /// Cycles from the data of a store to the register a load of it writes; 0 where the table has it.
    /// </summary>
    public int StoreForward { get; }

    /// <summary>The same from the address of the store.</summary>
    public int StoreAddressForward { get; }

    /// <summary>Cycles a load waits for a store that has only some of its bytes.</summary>
    public int BlockedForward { get; }

    /// <summary>Whether POP of RSP or R12 is the last of its decode group.</summary>
    public bool PopEndsGroup { get; }

    /// <summary>Latency of forms that are in no table.</summary>
    public int DefaultLatency { get; }

    /// <summary>Load latency of forms that are in no table.</summary>
    public int DefaultLoadLatency { get; }

    /// <summary>Ports of stores, for forms that are in no table.</summary>
    internal PortUse[] StorePorts { get; }

    /// <summary>
    /// What its instructions cost. Lookups are remembered, so one set of parameters belongs to one thread.
    /// </summary>
    internal InstructionTable Instructions { get; }

    /// <summary>A shipped core; null when there is none of this name.</summary>
    public static PipelineParameters? Find(string name) =>
        TextOf(name) is { } text ? new(name, new(name, text), static _ => null) : null;

    /// <summary>The rows of a shipped core, to copy and edit; null when there is none of this name.</summary>
    public static string? TextOf(string name) => Shipped.Contains(name) ? TimingTable.Text($"cores/{name}.csv") : null;

    /// <summary>The table of instructions of a shipped core, to copy and edit; null when there is none of this name.</summary>
    public static string? InstructionsOf(string name) =>
        TextOf(name) is { } text ? TimingTable.Text(new ParameterRows(name, text).Text("instructions")) : null;

    /// <summary>The parameters in a text of <c>key,value,source</c> rows.</summary>
    /// <param name="name">The core's name; also what errors name.</param>
    /// <param name="text">The rows, below a header.</param>
    /// <param name="table">Finds the text of a table of instructions; null for the shipped one of that name.</param>
    /// <exception cref="InvalidDataException">
    /// A row is missing, or a value or a row of the table of instructions is none.
    /// </exception>
    public static PipelineParameters Parse(string name, string text, Func<string, string?> table)
    {
        ParameterRows rows = new(name, text);
        PipelineParameters core = new(name, rows, table);
        rows.ExpectKnown(TextOf(Shipped[0])!);
        core.Instructions.ExpectWhole(core.Ports);
        return core;
    }
}

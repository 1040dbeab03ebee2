using System.Globalization;
using System.Text;
using Iced.Intel;

namespace Seamsim.Trace;

/// <summary>
/// A trace as rows that people read: disassembly with what it accessed, and what happened in between.
/// </summary>
public sealed class TraceListing
{
    private readonly TraceReader reader;
    private readonly SymbolTable? symbols;
    private readonly BlockDecoder blocks = new();
    private readonly Formatter formatter;
    private readonly StringOutput output = new();
    private readonly Translations translations = new();
    private readonly LeafTracker leaves = new();
    private readonly List<(TraceRow Row, int End)> held = [];
    private readonly List<TraceRow> ready = [];
    private int[] ends = new int[64];

    /// <summary>A listing of a trace.</summary>
    public TraceListing(TraceReader reader, SymbolTable? symbols = null)
    {
        (this.reader, this.symbols) = (reader, symbols);
        formatter = new IntelFormatter(
            new FormatterOptions
            {
                HexPrefix = "0x",
                HexSuffix = "",
                UppercaseHex = false,
                SpaceAfterOperandSeparator = true,
                SmallHexNumbersInDecimal = true,
                BranchLeadingZeros = false,
                SignedImmediateOperands = false,
            },
            symbols is null ? null : new Resolver(symbols));
    }

    /// <summary>
    /// Builds the tables of the disassembler. They take longer than opening a trace of any size, so whoever wants the
    /// first row soon does this beside it.
    /// </summary>
    public static void Prepare()
    {
        DecodedBlock block = new(
            new BlockDefinition(0, 0, 0, 64, 0, TraceWorld.Host, 1, new byte[] { 0x48, 0x8B, 0x03 }),
            new InstructionInfoFactory());
        new IntelFormatter(new FormatterOptions()).Format(block.Instructions[0], new StringOutput());
    }

    /// <summary>
    /// The wanted rows in the order of the trace; what happened amid a block comes before the instruction it happened
    /// in. Frames that cannot hold any are skipped; of the first frame that matters, what comes before the first wanted
    /// instruction is only stepped over. Turns of logical processors have no rows: every row names its own.
    /// </summary>
    public IEnumerable<TraceRow> Rows(ListingFilter filter)
    {
        int frame = reader.FrameOfInstruction(filter.From);
        if (frame < 0)
            yield break;
        while (frame > 0 && reader.Frames[frame].FirstInstruction == filter.From
            && reader.Frames[frame - 1].Instructions == 0)
            frame--;
        TraceCursor cursor = reader.ReadFrom();
        for (; frame < reader.Frames.Count && reader.Frames[frame].FirstInstruction <= filter.To; frame++)
        {
            if (filter.Lp is { } lp && !reader.Frames[frame].MayHold(lp))
                continue;
            cursor.Seek(frame);
            for (ulong left = reader.Frames[frame].Records; left > 0 && cursor.Next(); left--)
            {
                if (filter.IsBehind(cursor.Current))
                    break;
                if (!Take(cursor, filter))
                    continue;
                foreach (TraceRow row in ready)
                    yield return row;
                ready.Clear();
            }
        }
        EndExecution(filter);
        foreach (TraceRow row in ready)
            yield return row;
        ready.Clear();
    }

    /// <summary>Takes a record; true: rows are ready.</summary>
    private bool Take(TraceCursor cursor, ListingFilter filter)
    {
        TraceRecord record = cursor.Current;
        ulong space = cursor.SpaceOf(record.Lp);
        translations.Saw(record, space);
        ulong? entered = leaves.Saw(record)?.Rax;
        if (record.IsExecution)
        {
            EndExecution(filter);
            if (filter.Wants(record.Lp, record.World) && filter.MayWant(record))
                Hold(record, space);
        }
        else if (filter.Wants(record.Lp, record.World) && !IsSilent(record)
            && (held.Count > 0 || filter.MayWant(record)))
        {
            Happened(EventRow(record, entered), record.After, filter);
        }
        return ready.Count > 0;
    }

    private static bool IsSilent(TraceRecord record) =>
        record.Kind == EventKind.LpSwitch
        || (record.Kind == EventKind.Translation && record.Code == EventShape.Repeated);

    private void EndExecution(ListingFilter filter)
    {
        foreach ((TraceRow row, _) in held)
            if (filter.Wants(row))
                ready.Add(row);
        held.Clear();
    }

    /// <summary>The rows of an execution wait for what happened amid it.</summary>
    private void Hold(TraceRecord record, ulong space)
    {
        DecodedBlock block = blocks.Of(record.Block!);
        if (ends.Length < block.Instructions.Length)
            ends = new int[block.Instructions.Length];
        block.Assign(record, ends);
        // an instruction that began and did not retire has a row when it accessed memory
        int rows = record.Retired;
        if (rows < block.Instructions.Length && Begin(rows) < ends[rows])
            rows++;
        for (int i = 0; i < rows; i++)
            held.Add((InstructionRow(record, block, i, space), ends[i]));
    }

    private void Happened(TraceRow row, int after, ListingFilter filter)
    {
        int place = after < 0 ? -1 : held.FindIndex(each => each.Row.IsInstruction && each.End > after);
        if (place >= 0)
        {
            held.Insert(place, (row with { Instruction = held[place].Row.Instruction }, -1));
            return;
        }
        EndExecution(filter);
        if (filter.Wants(row))
            ready.Add(row);
    }

    private static TraceRow EventRow(TraceRecord record, ulong? entered) => new(
        record.Lp, record.World, record.Instruction, record.Cycles, false, 0, "", default,
        EventText.Of(record, entered), "");

    private int Begin(int instruction) => instruction == 0 ? 0 : ends[instruction - 1];

    private TraceRow InstructionRow(TraceRecord record, DecodedBlock block, int index, ulong space)
    {
        Instruction instruction = block.Instructions[index];
        output.Reset();
        formatter.Format(instruction, output);
        StringBuilder detail = new();
        for (int i = Begin(index); i < ends[index]; i++)
            Describe(detail, record, record.Accesses[i], space);
        string text = output.ToString();
        if (index >= record.Retired)
            text += record.IsPartial ? " (goes on)" : " (does not retire)";
        return new TraceRow(
            record.Lp, record.World, record.Instruction + (ulong)index, record.Cycles, true, instruction.IP,
            Symbol(instruction.IP), block.CodeOf(index).ToArray(), text, detail.ToString());
    }

    private string Symbol(ulong address) =>
        symbols?.Find(address) is { } found
            ? found.Offset == 0
                ? found.Name : string.Create(CultureInfo.InvariantCulture, $"{found.Name}+0x{found.Offset:x}")
            : "";

    private void Describe(StringBuilder to, TraceRecord record, in MemoryAccess access, ulong space)
    {
        to.Append(to.Length == 0 ? "" : " ");
        to.Append(CultureInfo.InvariantCulture, $"{(access.IsWrite ? 'w' : 'r')}{access.Bytes} 0x{access.Address:x}");
        if (translations.Of(space, access.Address) is { } page)
        {
            ulong offset = access.Address & 0xFFF;
            if (page.Gpa != page.Hpa)
                to.Append(CultureInfo.InvariantCulture, $" gpa 0x{page.Gpa | offset:x}");
            to.Append(CultureInfo.InvariantCulture, $" hpa 0x{page.Hpa | offset:x}");
            if (page.KeyId != 0)
                to.Append(CultureInfo.InvariantCulture, $" key {page.KeyId}");
        }
        if (!reader.Header.Aspects.HasFlag(TraceAspects.Values))
            return;
        to.Append(" = 0x");
        for (int word = (access.Bytes + 7) / 8 - 1; word >= 1; word--)
            to.Append(CultureInfo.InvariantCulture, $"{record.ValueWords[access.MoreValue + word - 1]:x16}");
        to.Append(access.Value.ToString(access.Bytes > 8 ? "x16" : "x", CultureInfo.InvariantCulture));
    }

    private sealed class Resolver(SymbolTable symbols) : ISymbolResolver
    {
        public bool TryGetSymbol(
            in Instruction instruction, int operand, int instructionOperand, ulong address, int addressSize,
            out SymbolResult symbol)
        {
            symbol = default;
            if (addressSize < 4 || symbols.Find(address) is not { } found)
                return false;
            symbol = new SymbolResult(address - found.Offset, found.Name);
            return true;
        }
    }
}

using System.Globalization;
using Seamsim.Isa.Ports;

namespace Seamsim.Timing;

/// <summary>
/// A core parameter file: the cost of every named operation and of straight-line code. Comma-separated, <c>#</c>
/// comments, the columns <c>name,cycles,low,high,instructions,cause,source</c>; a row for every <see cref="Operation"/> and
/// for every <see cref="CoreParameter"/>.
/// </summary>
/// <remarks>
/// Caches, TLBs and the branch target buffer are whole sets of ways. L1D, L1I, L2 and the branch target buffer choose a set
/// by bits of an address, so that their sets are a power of two. L1D has at least 64 sets of two ways and L1I at least 64
/// sets: the filters in front of them, which have a slot for each line of a 4-KiB page, are exact for these.
/// </remarks>
public sealed class CoreParameters
{
    /// <summary>The set that belongs to the program.</summary>
    public const string ShippedName = "golden-cove-2026.1";

    private const string Header = "name,cycles,low,high,instructions,cause,source";
    private const uint MostCycles = 10_000_000, MostInstructions = 1_000_000;
    private static readonly int OperationCount = Enum.GetValues<Operation>().Length;
    private static readonly Lazy<CoreParameters> ShippedSet = new(static () => Parse(ShippedText, ShippedName + ".csv"));
    private readonly OperationCost?[] costs = new OperationCost?[OperationCount];
    private readonly uint[] values = new uint[Enum.GetValues<CoreParameter>().Length];
    private readonly Dictionary<string, int> lines = new(StringComparer.Ordinal);

    private CoreParameters(string name) => Name = name;

    /// <summary>Name of the set: the file's, without its ending.</summary>
    public string Name { get; }

    /// <summary>Cycles of a hundred straight-line instructions.</summary>
    public uint StraightLineHundred => this[CoreParameter.StraightLine100];

    /// <summary>A parameter that is no cost of an operation.</summary>
    public uint this[CoreParameter parameter] => values[(int)parameter];

    /// <summary>The shipped set.</summary>
    public static CoreParameters Shipped => ShippedSet.Value;

    /// <summary>The shipped file, to copy and edit.</summary>
    public static string ShippedText
    {
        get
        {
            using Stream stream = typeof(CoreParameters).Assembly.GetManifestResourceStream(ShippedName + ".csv")!;
            using StreamReader reader = new(stream);
            return reader.ReadToEnd();
        }
    }

    /// <summary>The row of an operation.</summary>
    public OperationCost this[Operation operation] => costs[(int)operation]!;

    /// <summary>All rows in the order of the operations.</summary>
    public IEnumerable<OperationCost> Rows => costs.Select(cost => cost!);

    /// <summary>Cycles that straight-line instructions take, rounded up.</summary>
    public ulong StraightLineCycles(ulong instructions) => ((instructions * StraightLineHundred) + 99) / 100;

    /// <summary>The same set with other costs; for fitting.</summary>
    public CoreParameters With(IEnumerable<OperationCost> rows)
    {
        CoreParameters other = new(Name);
        costs.CopyTo(other.costs, 0);
        values.CopyTo(other.values, 0);
        foreach (OperationCost row in rows)
            other.costs[(int)row.Operation] = row;
        return other;
    }

    /// <summary>Reads a file's text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="file">Its name, for messages and for the set's name.</param>
    /// <exception cref="TimingDataException">A row or a value cannot be used, or one is missing.</exception>
    public static CoreParameters Parse(string text, string file)
    {
        CoreParameters set = new(Path.GetFileNameWithoutExtension(file));
        string[] rows = text.ReplaceLineEndings("\n").Split('\n');
        bool header = false;
        for (int i = 0; i < rows.Length; i++)
        {
            string row = rows[i].Trim();
            if (row.Length == 0 || row[0] == '#')
                continue;
            if (header)
                set.Add(row.Split(','), file, i + 1);
            else if (row != Header)
                throw new TimingDataException(file, i + 1, $"expected the columns {Header}");
            header = true;
        }
        set.RefuseGaps(file, rows.Length);
        foreach (CacheShape shape in CacheShape.All)
            if (shape.Refusal(set) is { } refusal)
                throw new TimingDataException(file, set.lines[shape.Size.ToString()], refusal);
        return set;
    }

    private void Add(string[] cells, string file, int line)
    {
        if (cells.Length != 7)
            throw new TimingDataException(file, line, $"expected 7 cells, found {cells.Length}: {Header}");
        string name = cells[0].Trim();
        if (!lines.TryAdd(name, line))
            throw new TimingDataException(file, line, $"{name}: expected one row, there is another in line {lines[name]}");
        uint cycles = Number(cells[1], "cycles", MostCycles, file, line);
        uint low = Number(cells[2], "low", MostCycles, file, line);
        uint high = Number(cells[3], "high", MostCycles, file, line);
        if (cycles < low || cycles > high)
            throw new TimingDataException(file, line, $"{name}: expected low <= cycles <= high, found {low}, {cycles}, {high}");
        uint instructions = Number(cells[4], "instructions", MostInstructions, file, line);
        string source = cells[6].Trim();
        if (source.Length == 0)
            throw new TimingDataException(file, line, $"{name}: expected a source (a citation, fitted or assumed)");
        if (Enum.TryParse(name, out CoreParameter parameter) && Enum.GetName(parameter) == name)
        {
            if (cycles == 0)
                throw new TimingDataException(file, line, $"{name}: expected at least 1");
            values[(int)parameter] = cycles;
            return;
        }
        Operation operation = Named<Operation>(name, "the name of an operation or of a parameter", file, line);
        Cause cause = Named<Cause>(cells[5].Trim(), "a cause", file, line);
        costs[(int)operation] = new OperationCost(operation, cycles, low, high, instructions, cause, source);
    }

    private void RefuseGaps(string file, int line)
    {
        for (int i = 0; i < values.Length; i++)
            if (values[i] == 0)
                throw new TimingDataException(file, line, $"expected a row {(CoreParameter)i}");
        for (int i = 0; i < costs.Length; i++)
            if (costs[i] is null)
                throw new TimingDataException(file, line, $"expected a row {(Operation)i}");
    }

    private static T Named<T>(string text, string expected, string file, int line)
        where T : struct, Enum =>
        Enum.TryParse(text, out T value) && Enum.GetName(value) == text
            ? value
            : throw new TimingDataException(
                file, line, $"\"{text}\": expected {expected}, one of: {string.Join(", ", Enum.GetNames<T>())}");

    private static uint Number(string text, string column, uint most, string file, int line) =>
        uint.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out uint value) && value <= most
            ? value
            : throw new TimingDataException(
                file, line, $"{column}: \"{text.Trim()}\": expected a whole number up to {most}");
}

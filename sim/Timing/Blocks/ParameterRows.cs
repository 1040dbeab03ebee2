namespace Seamsim.Timing.Blocks;

/// <summary>The <c>key,value,source</c> rows of a core, read by key; what is wrong is said with its file and line.</summary>
internal sealed class ParameterRows
{
    private readonly Dictionary<string, (string Value, int Line)> rows = [];
    private readonly string name;

    /// <param name="name">What errors name.</param>
    /// <param name="text">The rows, below a header.</param>
    public ParameterRows(string name, string text)
    {
        this.name = name;
        foreach ((string[] cells, int line) in TimingTable.NumberedRows(name, text, 3))
            if (!rows.TryAdd(cells[0], (cells[1], line)))
                throw new InvalidDataException($"{name}:{line}: {cells[0]}: a second row");
    }

    public string Text(string key) =>
        rows.TryGetValue(key, out (string Value, int Line) row)
            ? row.Value
            : throw new InvalidDataException($"{name}: expected a row {key}");

    public int Number(string key, int least = 0) => Number(key, Text(key), least);

    public bool Flag(string key) => Number(key) != 0;

    public int[] Numbers(string key, int least) => [.. Text(key).Split(' ').Select(one => Number(key, one, least))];

    /// <summary>Ports as in <c>0 1 5 6</c>: bit n is port n.</summary>
    public int Ports(string key, int among = 0xFFFF)
    {
        int mask = 0;
        foreach (string port in Text(key).Split(' '))
        {
            int bit = port.Length == 1 && char.IsAsciiHexDigit(port[0]) ? 1 << Convert.ToInt32(port, 16) : 0;
            if ((bit & among) == 0)
                throw Wrong(key, $"ports as in \"0 1 5 6\", from {PortUse.NamePorts(among)}");
            mask |= bit;
        }
        return mask;
    }

    public PortUse[] MicroOps(string key, int among)
    {
        PortUse[] uses = PortUse.TryParse(Text(key)) ?? throw Wrong(key, "µops as in 1*p49+1*p78");
        return uses.All(one => (one.Ports & ~among) == 0)
            ? uses : throw Wrong(key, $"ports from {PortUse.NamePorts(among)}");
    }

    /// <summary>The text of a table: what <paramref name="find"/> finds, or a shipped one.</summary>
    public string Table(string key, Func<string, string?> find) =>
        find(Text(key)) ?? TimingTable.TextOrNull(Text(key))
        ?? throw Wrong(key, "the name of a shipped table or of a file beside this one");

    /// <summary>Every row has a key of a shipped core.</summary>
    public void ExpectKnown(string shipped)
    {
        HashSet<string> keys = [.. TimingTable.Rows("", shipped, 3).Select(cells => cells[0])];
        foreach ((string key, (_, int line)) in rows)
            if (!keys.Contains(key))
                throw new InvalidDataException($"{name}:{line}: {key}: no such key");
    }

    private int Number(string key, string text, int least) =>
        TableNumber.TryParse(text, out int value) && value >= least && value <= 1_000_000
            ? value
            : throw Wrong(key, $"a whole number from {least} to 1000000");

    private InvalidDataException Wrong(string key, string expected) =>
        new($"{name}:{rows[key].Line}: {key}: expected {expected}, not \"{rows[key].Value}\"");
}

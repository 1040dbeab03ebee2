using Iced.Intel;

namespace Seamsim.Timing.Blocks;

/// <summary>Mnemonics whose name in the tables differs, and operands the encoding implies.</summary>
internal sealed class InstructionNames
{
    private readonly Dictionary<Mnemonic, string> names = [];
    private readonly Dictionary<string, Register[]> implied = [];

    private InstructionNames()
    {
        const string synonyms = "instruction-names.csv", operands = "implicit-operands.csv";
        foreach (string[] row in TimingTable.Rows(synonyms, TimingTable.Text(synonyms), 3))
            names.Add(Enum.Parse<Mnemonic>(row[0]), row[1]);
        foreach (string[] row in TimingTable.Rows(operands, TimingTable.Text(operands), 3))
            implied.Add(row[0], [.. row[1].Split(' ').Select(Enum.Parse<Register>)]);
    }

    /// <summary>Reads both tables.</summary>
    public static InstructionNames Load() => new();

    /// <summary>The name of a mnemonic in the tables, without suffix.</summary>
    public string Of(Mnemonic mnemonic) =>
        names.TryGetValue(mnemonic, out string? name) ? Stem(name) : mnemonic.ToString().ToUpperInvariant();

    /// <summary>The part of a name before its first suffix.</summary>
    public static string Stem(string name)
    {
        int end = name.IndexOf('_', StringComparison.Ordinal);
        return end < 0 ? name : name[..end];
    }

    /// <summary>
    /// Implied register operands in the order in which latencies number them, after the explicit ones.
    /// </summary>
    public Register[] ImpliedBy(string stem, int explicitOperands) =>
        stem == "IMUL" && explicitOperands > 1 || !implied.TryGetValue(stem, out Register[]? registers)
            ? [] : registers;
}

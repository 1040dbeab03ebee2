using System.Globalization;
using Iced.Intel;

namespace Seamsim.Timing.Blocks;

/// <summary>The instructions of one core: for each decoded instruction the row that fits it best.</summary>
/// <remarks>
/// A form is first looked for by name. Among the rows of that name the one wins whose operands and suffixes differ
/// least; the table's order breaks ties. A row that differs in the kind of an operand does not fit.
/// </remarks>
internal sealed class InstructionTable
{
    private const int Misfit = 1000;
    private readonly Dictionary<string, List<string[]>> forms = [];
    private readonly Dictionary<string[], InstructionRow> parsed = [];
    private readonly Dictionary<ulong, InstructionRow?> found = [];
    private readonly InstructionNames names;
    private readonly string name, text;

    /// <summary>Reads a table.</summary>
    public InstructionTable(string name, string text, InstructionNames names)
    {
        (this.name, this.text, this.names) = (name, text, names);
        foreach (string[] cells in TimingTable.Rows(name, text, InstructionRow.Columns))
        {
            string stem = InstructionNames.Stem(cells[0]);
            if (!forms.TryGetValue(stem, out List<string[]>? list))
                forms.Add(stem, list = []);
            list.Add(cells);
        }
    }

    /// <summary>The row of an instruction; null when no row fits.</summary>
    public InstructionRow? Find(in Instruction instruction)
    {
        ulong key = InstructionShape.Key(instruction);
        if (!found.TryGetValue(key, out InstructionRow? row))
            found.Add(key, row = Search(InstructionShape.Of(instruction, names)));
        return row;
    }

    /// <summary>Reads every row, which is otherwise done when an instruction of it is met.</summary>
    /// <param name="ports">The ports a row may name.</param>
    /// <exception cref="InvalidDataException">A cell is none, or names another port.</exception>
    public void ExpectWhole(int ports)
    {
        foreach ((string[] cells, int line) in TimingTable.NumberedRows(name, text, InstructionRow.Columns))
        {
            InstructionRow row;
            try
            {
                row = new(cells, names);
            }
            catch (InvalidDataException wrong)
            {
                throw new InvalidDataException($"{name}:{line}: {wrong.Message}", wrong);
            }
            IEnumerable<PortUse> uses = row.Plain.Ports.Concat(row.Indexed.Ports).Concat(row.Same?.Ports ?? []);
            if (uses.FirstOrDefault(one => (one.Ports & ~ports) != 0) is { Ports: not 0 } other)
                throw new InvalidDataException(
                    $"{name}:{line}: {other}: the core has ports {PortUse.NamePorts(ports)} only");
        }
    }

    private InstructionRow? Search(in InstructionShape shape)
    {
        if (!forms.TryGetValue(shape.Name, out List<string[]>? list))
            return null;
        string[]? best = null;
        int least = Misfit;
        foreach (string[] cells in list)
        {
            int difference = Differ(cells, shape);
            if (difference < least)
                (best, least) = (cells, difference);
        }
        if (best is null)
            return null;
        if (!parsed.TryGetValue(best, out InstructionRow? row))
            parsed.Add(best, row = new(best, names));
        return row;
    }

    private static int Differ(string[] cells, in InstructionShape shape)
    {
        string[] operands = cells[1].Length == 0 ? [] : cells[1].Split(' ');
        if (operands.Length != shape.Operands.Length)
            return Misfit;
        int difference = SuffixesDiffer(cells[0], shape);
        for (int i = 0; i < operands.Length; i++)
            difference += TypesDiffer(operands[i], shape.Operands[i]);
        return difference;
    }

    private static int TypesDiffer(string row, string actual)
    {
        if (row == actual)
            return 0;
        char a = row.Length == 0 ? ' ' : row[0], b = actual.Length == 0 ? ' ' : actual[0];
        bool immediate = a is 'I' or '0' or '1' && b is 'I' or '0' or '1';
        if (immediate)
            return b == '0' || a == 'I' ? 2 : 40;
        if (IsAccumulator(row) || IsAccumulator(actual))
            return GeneralType(row) == GeneralType(actual) ? 5 : Misfit;
        if (a == 'M' && b == 'M' && row != "MM" && actual != "MM")
            return 10;
        if (a == 'R' && b == 'R')
            return row[1] == '8' && actual[1] == '8' ? 8 : 60;
        return Misfit;
    }

    private static bool IsAccumulator(string type) => type is "AL" or "AX" or "EAX" or "RAX" or "CL" or "DX";

    private static string GeneralType(string type) => type switch
    {
        "AL" or "CL" => "R8l",
        "AX" or "DX" => "R16",
        "EAX" => "R32",
        "RAX" => "R64",
        _ => type,
    };

    private static int SuffixesDiffer(string name, in InstructionShape shape)
    {
        string[] suffixes = name.Split('_')[1..];
        int difference = 0;
        foreach (string suffix in suffixes)
            difference += Mismatch(suffix, shape);
        foreach (string mark in shape.Marks)
            if (!suffixes.Contains(mark))
                difference += mark is "EVEX" or "Z" or "ER" or "SAE" ? 1 : 30;
        return difference;
    }

    private static int Mismatch(string suffix, in InstructionShape shape)
    {
        switch (suffix)
        {
            case "LOCK" or "REPE" or "REPNE" or "EVEX" or "Z" or "ER" or "SAE" or "XMM" or "B" or "I" or "IS" or "D8" or "D32" or "R":
                return shape.Marks.Contains(suffix) ? 0 : 30;
            case "W" or "R4":
                return 1;
            case "CR" or "DR" or "EXCLUSIVE":
                return shape.Operands.Contains(suffix) ? 0 : 100;
        }
        string byteOf = suffix.Length == 4 && suffix.StartsWith("0F", StringComparison.Ordinal) ? suffix[2..] : suffix;
        if (byteOf.Length == 2
            && int.TryParse(byteOf, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int opcode))
            return opcode == shape.Opcode ? 0 : 4;
        return 0;
    }
}

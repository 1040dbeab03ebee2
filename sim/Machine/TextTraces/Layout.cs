using System.Buffers.Binary;
using Seamsim.Configuration;
using Seamsim.TextTraces.Assembling;

namespace Seamsim.TextTraces;

/// <summary>One line of code before it has an address.</summary>
internal sealed class DraftLine(int line, string text)
{
    /// <summary>1-based line.</summary>
    public int Line { get; } = line;

    /// <summary>As it is written.</summary>
    public string Text { get; } = text;

    /// <summary>The instruction, or null for bytes.</summary>
    public AssemblyLine? Instruction { get; init; }

    /// <summary>Numbers of a data directive that wait for labels, with the bytes of each.</summary>
    public IReadOnlyList<(TextValue Value, int Bytes)>? Data { get; init; }

    /// <summary>Its bytes as far as known.</summary>
    public byte[] Bytes { get; set; } = [];

    /// <summary>What must happen while it executes.</summary>
    public List<EventExpectation> Events { get; } = [];
}

/// <summary>
/// Gives the lines of a section their addresses. Instructions that depend on labels start as short as they can and only
/// ever
/// grow, so that this ends.
/// </summary>
internal sealed class Layout(string source, TextSection section, IReadOnlyList<DraftLine> lines,
    TextAssembler assembler)
{
    /// <summary>Where the code of a section starts unless <c>.org</c> says otherwise.</summary>
    public const ulong DefaultOrigin = 0x10_0000;

    /// <summary>The most bytes a section's code can have.</summary>
    public const int MaxBytes = 1 << 20;

    private const int MaxPasses = 64;
    private readonly Dictionary<string, byte[]> known = new(StringComparer.Ordinal);
    private readonly ulong[] addresses = new ulong[lines.Count + 1];
    private IReadOnlyDictionary<string, int> labels = new Dictionary<string, int>();

    /// <summary>Assembles everything.</summary>
    /// <param name="names">Labels with the index of the line they stand before.</param>
    /// <exception cref="ConfigurationException">A line cannot be assembled, or the code is too long.</exception>
    public void Run(IReadOnlyDictionary<string, int> names)
    {
        labels = names;
        section.Labels = AddressOf;
        Array.Fill(addresses, section.Origin);
        for (int pass = 0; Pass(first: pass == 0); pass++)
            if (pass == MaxPasses)
                throw new ConfigurationException(new Origin(source, section.Line),
                    "the labels of this section do not settle");
        for (int i = 0; i < lines.Count; i++)
        {
            CodeLine code = new(lines[i].Line, lines[i].Text, addresses[i], lines[i].Bytes, lines[i].Data is not null);
            code.Events.AddRange(lines[i].Events);
            section.Code.Add(code);
        }
    }

    /// <summary>The address behind the last line that comes before a place.</summary>
    public ulong AddressBefore(int index) => addresses[index];

    private bool Pass(bool first)
    {
        bool grew = first;
        ulong at = section.Origin;
        ulong[] next = new ulong[addresses.Length];
        for (int i = 0; i < lines.Count; i++)
        {
            next[i] = at;
            int before = lines[i].Bytes.Length;
            Emit(lines[i], first, at);
            grew |= lines[i].Bytes.Length != before;
            at += (ulong)lines[i].Bytes.Length;
            if (at - section.Origin > MaxBytes)
                throw new ConfigurationException(
                    new Origin(source, lines[i].Line), $"the code of a section has at most {MaxBytes} bytes");
        }
        next[^1] = at;
        bool moved = !next.AsSpan().SequenceEqual(addresses);
        next.CopyTo(addresses, 0);
        return grew || moved;
    }

    private void Emit(DraftLine line, bool first, ulong at)
    {
        try
        {
            if (line.Data is { } data)
                line.Bytes = DataBytes(data);
            else if (line.Instruction is { } instruction && (first || instruction.DependsOnPlace))
                line.Bytes = Instruction(line, instruction, at);
        }
        catch (AssemblyException wrong)
        {
            throw new ConfigurationException(new Origin(source, line.Line), wrong.Message);
        }
    }

    private byte[] Instruction(DraftLine line, AssemblyLine instruction, ulong at)
    {
        if (instruction.DependsOnPlace)
            return assembler.Assemble(instruction, at, AddressOf, line.Bytes.Length);
        if (!known.TryGetValue(line.Text, out byte[]? bytes))
            known.Add(line.Text, bytes = assembler.Assemble(instruction, at, AddressOf));
        return bytes;
    }

    private byte[] DataBytes(IReadOnlyList<(TextValue Value, int Bytes)> data)
    {
        List<byte> bytes = [];
        Span<byte> number = stackalloc byte[16];
        foreach ((TextValue value, int size) in data)
        {
            BinaryPrimitives.WriteUInt128LittleEndian(number, value.In(AddressOf));
            bytes.AddRange(number[..size]);
        }
        return [.. bytes];
    }

    private ulong AddressOf(string name)
    {
        if (labels.TryGetValue(name, out int index))
            return addresses[index];
        return TextValue.Constant(name) ?? throw new AssemblyException(
            $"\"{Lexer.Short(name)}\" is no label of this section, no leaf and no status");
    }
}

using Seamsim.Configuration;
using Seamsim.TextTraces.Assembling;

namespace Seamsim.TextTraces;

/// <summary>Reads the lines of one section.</summary>
internal sealed class SectionParser(string source, TextSection section)
{
    private const ulong LowestOrigin = 0x8_0000, HighestAddress = 0xBFFF_FFFF;
    private const int MaxMemory = 16 << 20;
    private readonly List<DraftLine> lines = [];
    private readonly Dictionary<string, int> labels = new(StringComparer.Ordinal);
    private readonly List<(int Before, StateExpectation Expectation)> marks = [];
    private readonly Dictionary<string, AssemblyLine> parsed = new(StringComparer.Ordinal);
    private long memoryBytes;
    private int line;

    /// <summary>Takes a line without comment.</summary>
    public void Take(int number, string text)
    {
        line = number;
        try
        {
            string rest = TakeLabels(text);
            if (rest.Length == 0)
                return;
            if (rest[0] == '.')
                Directive(rest);
            else if (DataText.Parse(rest) is { } data)
                Append(new DraftLine(line, rest) { Data = data });
            else if (HexText.TryParse(rest, out byte[] bytes))
                Append(new DraftLine(line, rest) { Bytes = bytes });
            else
                Append(new DraftLine(line, rest) { Instruction = Instruction(rest) });
        }
        catch (AssemblyException wrong)
        {
            throw Wrong(wrong.Message);
        }
    }

    /// <summary>Assembles the section.</summary>
    public void Finish(TextAssembler assembler)
    {
        Layout layout = new(source, section, lines, assembler);
        layout.Run(labels);
        foreach ((int before, StateExpectation expectation) in marks)
        {
            ulong at = layout.AddressBefore(before);
            if (!section.Marks.TryGetValue(at, out List<StateExpectation>? list))
                section.Marks.Add(at, list = []);
            list.Add(expectation);
            Resolvable(expectation);
        }
        foreach ((RegisterField register, TextValue value) in section.Registers)
            Resolve(section.Line, value, register.Mask, register.Name);
        CheckOverlap();
    }

    private AssemblyLine Instruction(string text)
    {
        if (!parsed.TryGetValue(text, out AssemblyLine? instruction))
            parsed.Add(text, instruction = AssemblyParser.Parse(text));
        return instruction;
    }

    private string TakeLabels(string text)
    {
        for (; ; )
        {
            int colon = text.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || !IsLabel(text.AsSpan(0, colon)))
                return text;
            string name = text[..colon];
            if (RegisterNames.Find(name) != Iced.Intel.Register.None)
                throw Wrong($"{name}: a register's name cannot be a label");
            if (!labels.TryAdd(name, lines.Count))
                throw Wrong($"the label \"{Lexer.Short(name)}\" is defined twice");
            text = text[(colon + 1)..].Trim();
            if (text.Length == 0)
                return text;
        }
    }

    private static bool IsLabel(ReadOnlySpan<char> text)
    {
        if (!(char.IsAsciiLetter(text[0]) || text[0] is '_' or '.' or '$' or '@'))
            return false;
        foreach (char c in text)
            if (!(char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '$' or '@'))
                return false;
        return true;
    }

    private void Append(DraftLine draft) => lines.Add(draft);

    private void Directive(string text)
    {
        Lexer lexer = new(text);
        string name = lexer.Take().ToLowerInvariant();
        switch (name)
        {
            case ".reg":    BeforeCode(name); SetRegisters(lexer); break;
            case ".mem":    SetMemory(lexer); break;
            case ".space":  SetSpace(lexer); break;
            case ".org":    BeforeCode(name); SetOrigin(lexer); break;
            case ".expect": Expect(lexer, text); break;
            default:        throw Wrong($"{Lexer.Short(name)}: expected .reg, .mem, .space, .org or .expect");
        }
        if (!lexer.IsAtEnd)
            throw Wrong($"{name}: expected nothing more {lexer.Before()}");
    }

    private void BeforeCode(string name)
    {
        if (lines.Count > 0)
            throw Wrong($"{name} stands before the first instruction of its section");
    }

    private void SetRegisters(Lexer lexer)
    {
        if (lexer.IsAtEnd)
            throw Wrong(".reg: expected register=value, e.g. rax=1 rflags.cf=1");
        while (!lexer.IsAtEnd)
        {
            string name = lexer.Take();
            RegisterField register = Register(name);
            if (!register.IsWritable)
                throw Wrong($".reg {name}: only general and XMM registers and flags can be set");
            lexer.Expect("=");
            section.Registers.Add((register, Value(lexer, name)));
        }
    }

    private RegisterField Register(string name) => RegisterField.Find(name)
        ?? throw Wrong($"\"{Lexer.Short(name)}\" is no register or flag, "
            + "e.g. rax, ecx, al, rip, rflags, zf, rflags.cf, xmm0");

    private TextValue Value(Lexer lexer, string of) => TextValue.Take(lexer)
        ?? throw Wrong($"{Lexer.Short(of)}: expected a number, a label, "
            + $"or the name of a leaf or status {lexer.Before()}");

    private void SetMemory(Lexer lexer)
    {
        ulong address = Address(lexer, ".mem");
        AddMemory(address, Bytes(lexer, ".mem"));
    }

    private void SetSpace(Lexer lexer)
    {
        ulong address = Address(lexer, ".space");
        if (!NumberText.TryRead(lexer.Take(), out ulong bytes) || bytes is 0 or > MaxMemory)
            throw Wrong($".space: expected an address and 1..{MaxMemory} bytes");
        AddMemory(address, new byte[bytes]);
    }

    private void AddMemory(ulong address, byte[] bytes)
    {
        if (address < LowestOrigin && section.World == SectionWorld.Host)
            throw Wrong($"0x{address:X}: the host's own structures lie below 0x{LowestOrigin:X}");
        if (address > HighestAddress || (ulong)bytes.Length > HighestAddress - address)
            throw Wrong($"0x{address:X}: expected memory below 0x{HighestAddress:X}");
        memoryBytes += bytes.Length;
        if (memoryBytes > MaxMemory)
            throw Wrong($"the memory of a section has at most {MaxMemory} bytes");
        section.Memory.Add(new MemoryBlock(line, address, bytes));
    }

    private ulong Address(Lexer lexer, string what) => NumberText.TryRead(lexer.Take(), out ulong address)
        ? address
        : throw Wrong($"{what}: expected an address, e.g. {what} 0x200000 …");

    private byte[] Bytes(Lexer lexer, string what)
    {
        List<byte> bytes = [];
        while (!lexer.IsAtEnd)
        {
            string word = lexer.Take();
            if (!HexText.TryParse(word, out byte[] found))
                throw Wrong($"{what}: \"{Lexer.Short(word)}\": expected bytes as pairs of hex digits");
            bytes.AddRange(found);
        }
        return bytes.Count > 0 ? [.. bytes] : throw Wrong($"{what}: expected bytes as pairs of hex digits");
    }

    private void SetOrigin(Lexer lexer)
    {
        ulong origin = Address(lexer, ".org");
        if (origin is < LowestOrigin or > HighestAddress - Layout.MaxBytes)
            throw Wrong($".org: expected an address 0x{LowestOrigin:X}..0x{HighestAddress - Layout.MaxBytes:X}");
        section.Origin = origin;
    }

    private void Expect(Lexer lexer, string text)
    {
        ExpectationParser parser = new(lexer, line, Register, Value, what => Bytes(lexer, what), Wrong);
        foreach (Expectation one in parser.Parse(text))
        {
            if (one is StateExpectation state)
                marks.Add((lines.Count, state));
            else if (lines.Count == 0 || lines[^1].Data is not null)
                throw Wrong($".expect {one.Text}: there is no instruction before it");
            else if (one is VeExpectation && section.World == SectionWorld.Host)
                throw Wrong(".expect ve: #VE exists in a TD only");
            else if (one is ExitExpectation && section.World == SectionWorld.Host)
                throw Wrong(".expect exit: VM exits happen in a TD only");
            else
                lines[^1].Events.Add((EventExpectation)one);
        }
    }

    private void Resolvable(StateExpectation expectation)
    {
        if (expectation is RegisterExpectation register)
            Resolve(register.Line, register.Value, register.Register.Mask, register.Register.Name);
        else if (expectation is MemoryExpectation memory)
            Resolve(memory.Line, memory.Address, ulong.MaxValue, "mem");
    }

    private void Resolve(int where, TextValue value, UInt128 mask, string name)
    {
        line = where;
        try
        {
            UInt128 number = value.In(section.Labels);
            bool signed = mask != UInt128.MaxValue && (number | mask) == ulong.MaxValue
                && number > (UInt128)long.MaxValue;
            if ((number & ~mask) != 0 && !signed)
                throw Wrong($"{name}: 0x{number:X} does not fit");
        }
        catch (AssemblyException wrong)
        {
            throw Wrong(wrong.Message);
        }
    }

    private void CheckOverlap()
    {
        List<(ulong Start, ulong End, int Line)> spans = [(section.Origin, section.End, section.Line)];
        foreach (MemoryBlock block in section.Memory)
            spans.Add((block.Address, block.Address + (ulong)block.Bytes.Length, block.Line));
        spans.Sort();
        for (int i = 1; i < spans.Count; i++)
            if (spans[i].Start < spans[i - 1].End)
            {
                line = Math.Max(spans[i].Line, spans[i - 1].Line);
                throw Wrong($"0x{spans[i].Start:X}: something else lies there already");
            }
    }

    private ConfigurationException Wrong(string what) => new(new Origin(source, line), what);
}

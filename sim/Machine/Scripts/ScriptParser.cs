using System.Text.Json;
using Seamsim.Configuration;

namespace Seamsim.Scripts;

/// <summary>Reads a script of JSON lines; what cannot be used is named with its line and what was expected.</summary>
internal sealed class ScriptParser(string source, int lps)
{
    private const int MaxPages = 4096, MaxBytes = 1 << 20;
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };
    private readonly HashSet<string> names = [];
    private bool called;
    private int line;

    /// <summary>
    /// Parses a whole script; blank lines and lines that begin with <c>#</c> or <c>//</c> are skipped.
    /// </summary>
    public List<ScriptCommand> Parse(string text)
    {
        List<ScriptCommand> commands = [];
        foreach (string raw in text.Split('\n'))
        {
            line++;
            string trimmed = raw.Trim();
            if (trimmed.Length == 0 || trimmed[0] == '#' || trimmed.StartsWith("//", StringComparison.Ordinal))
                continue;
            commands.Add(ParseLine(trimmed));
        }
        return commands;
    }

    private ScriptCommand ParseLine(string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text, Strict);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? Command(document.RootElement)
                : throw Wrong("expected a JSON object");
        }
        catch (JsonException wrong)
        {
            throw Wrong(wrong.Message.Contains("uplicate", StringComparison.Ordinal)
                ? "a key stands there twice"
                : $"not a JSON object (byte {wrong.BytePositionInLine + 1})");
        }
        catch (InvalidOperationException)
        {
            throw Wrong("a string that is no Unicode text: half of a surrogate pair");
        }
    }

    private ScriptCommand Command(JsonElement root)
    {
        if (root.TryGetProperty("leaf", out JsonElement leaf))
            return Call(root, leaf);
        if (root.TryGetProperty("alloc", out JsonElement alloc))
            return Alloc(root, alloc);
        if (root.TryGetProperty("write", out JsonElement write))
            return Write(root, write);
        if (root.TryGetProperty("read", out JsonElement read))
            return Read(root, read);
        if (root.TryGetProperty("expect", out JsonElement expect))
            return Expect(root, expect);
        throw Wrong("expected one of \"leaf\", \"alloc\", \"write\", \"read\", \"expect\"");
    }

    private CallCommand Call(JsonElement root, JsonElement leaf)
    {
        ulong number = leaf.ValueKind switch
        {
            JsonValueKind.String => Names.Leaf(leaf.GetString()!) ?? throw Wrong(
                $"leaf: \"{leaf.GetString()}\" is no SEAMCALL leaf; expected a name "
                + "such as \"TDH.MNG.CREATE\" or a number"),
            _ => Constant("leaf", leaf),
        };
        int lp = 0;
        ulong version = 0;
        List<(int, Operand)> registers = [];
        foreach (JsonProperty property in root.EnumerateObject())
        {
            switch (property.Name)
            {
                case "leaf":
                    break;
                case "lp":
                    lp = (int)Ranged("lp", property.Value, 0, (ulong)lps - 1);
                    break;
                case "version":
                    version = Ranged("version", property.Value, 0, 255);
                    break;
                default:
                    int register = Registers.IndexOf(property.Name);
                    if (register is < 0 or 0 or 4)
                        throw Wrong($"{property.Name}: expected lp, version or a general register but rax and rsp");
                    registers.Add((register, Value(property.Name, property.Value)));
                    break;
            }
        }
        called = true;
        return new CallCommand(line, lp, number | (version << 16), registers);
    }

    private AllocCommand Alloc(JsonElement root, JsonElement alloc)
    {
        string name = Text("alloc", alloc);
        if (name.Length == 0 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
            throw Wrong("alloc: expected a name of letters, digits and _");
        int pages = root.TryGetProperty("pages", out JsonElement count) ? (int)Ranged("pages", count, 1, MaxPages) : 1;
        Only(root, "alloc", "pages");
        names.Add(name);
        return new AllocCommand(line, name, pages);
    }

    private WriteCommand Write(JsonElement root, JsonElement write)
    {
        Operand address = Offset(root, Value("write", write));
        if (!root.TryGetProperty("hex", out JsonElement hex))
            throw Wrong("write: missing \"hex\", an even number of hex digits");
        Only(root, "write", "offset", "hex");
        string digits = Text("hex", hex).Replace(" ", "", StringComparison.Ordinal);
        if (digits.Length == 0 || digits.Length % 2 != 0 || !digits.All(char.IsAsciiHexDigit))
            throw Wrong("hex: expected an even number of hex digits");
        return new WriteCommand(line, address, Convert.FromHexString(digits));
    }

    private ReadCommand Read(JsonElement root, JsonElement read)
    {
        Operand address = Offset(root, Value("read", read));
        int length = root.TryGetProperty("len", out JsonElement len) ? (int)Ranged("len", len, 1, MaxBytes) : 64;
        Only(root, "read", "offset", "len");
        return new ReadCommand(line, address, length);
    }

    private ExpectCommand Expect(JsonElement root, JsonElement expect)
    {
        Only(root, "expect");
        if (!called)
            throw Wrong("expect: there is no call before it");
        if (expect.ValueKind != JsonValueKind.Object)
            throw Wrong("expect: expected an object such as {\"rax\":\"0x0\"}");
        List<(string, Operand, string)> wanted = [];
        foreach (JsonProperty property in expect.EnumerateObject())
        {
            string text = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString()!
                : property.Value.GetRawText();
            switch (property.Name)
            {
                case "status":
                    ulong status = Names.Status(text) ?? throw Wrong($"status: \"{text}\" is no status name");
                    wanted.Add(("status", new Operand(null, status), text));
                    break;
                case "exception":
                    wanted.Add(("exception", default, text));
                    break;
                case "cf" or "zf":
                    wanted.Add((property.Name, new Operand(null, Ranged(property.Name, property.Value, 0, 1)), text));
                    break;
                default:
                    if (Registers.IndexOf(property.Name) < 0)
                        throw Wrong($"{property.Name}: expected a general register, status, cf, zf or exception");
                    wanted.Add((property.Name, Value(property.Name, property.Value), text));
                    break;
            }
        }
        return new ExpectCommand(line, wanted);
    }

    private Operand Offset(JsonElement root, Operand address) => root.TryGetProperty("offset", out JsonElement offset)
        ? address with { Offset = address.Offset + Constant("offset", offset) }
        : address;

    private Operand Value(string key, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String || !value.GetString()!.StartsWith('$'))
            return new Operand(null, Constant(key, value));
        string[] parts = value.GetString()![1..].Split('+', 2);
        string name = parts[0].Trim();
        if (!names.Contains(name))
            throw Wrong($"{key}: nothing called \"{name}\" is allocated before this line");
        ulong offset = 0;
        if (parts.Length == 2 && !SettingReader.TryNumber(parts[1].Trim(), out offset))
            throw Wrong($"{key}: expected \"$name+0x1000\"");
        return new Operand(name, offset);
    }

    private ulong Constant(string key, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetUInt64(out ulong number))
            return number;
        if (value.ValueKind == JsonValueKind.String && SettingReader.TryNumber(value.GetString()!, out number))
            return number;
        throw Wrong($"{key}: expected an integer, \"0x…\" or \"$name+0x1000\"");
    }

    private ulong Ranged(string key, JsonElement value, ulong minimum, ulong maximum)
    {
        ulong number = Constant(key, value);
        return number >= minimum && number <= maximum
            ? number
            : throw Wrong($"{key}: expected an integer {minimum}..{maximum}");
    }

    private string Text(string key, JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Wrong($"{key}: expected a string");

    private void Only(JsonElement root, params ReadOnlySpan<string> keys)
    {
        foreach (JsonProperty property in root.EnumerateObject())
            if (!keys.Contains(property.Name))
                throw Wrong($"{property.Name}: no such key here; expected {string.Join(", ", keys.ToArray())}");
    }

    private ConfigurationException Wrong(string what) => new(new Origin(source, line), what);
}

using Seamsim.Configuration;
using Seamsim.TextTraces.Assembling;

namespace Seamsim.TextTraces;

/// <summary>Reads a text trace line by line; whatever cannot be used is named with file, line and reason.</summary>
internal sealed class TextTraceParser(string source, IReadOnlyList<string> overrides)
{
    /// <summary>The most a text trace can be long.</summary>
    public const int MaxLines = 200_000, MaxCharacters = 8 << 20;

    private const int MaxSections = 64, MaxLineCharacters = 4096;
    private readonly List<TextSection> sections = [];
    private readonly PlatformLines platform = new(source);
    private readonly TextAssembler assembler = new();
    private SectionParser? section;
    private bool inPlatform;
    private int line;

    /// <summary>Reads a whole text.</summary>
    public TextTrace Parse(string text)
    {
        if (text.Length > MaxCharacters)
            throw new ConfigurationException($"{source}: a text trace has at most {MaxCharacters} characters");
        ReadOnlySpan<char> rest = text.AsSpan().TrimStart('\uFEFF');
        while (rest.Length > 0)
        {
            line++;
            if (line > MaxLines)
                throw Wrong($"a text trace has at most {MaxLines} lines");
            int end = rest.IndexOf('\n');
            Take(end < 0 ? rest : rest[..end]);
            rest = end < 0 ? default : rest[(end + 1)..];
        }
        section?.Finish(assembler);
        if (sections.Count == 0)
            throw new ConfigurationException($"{source}:{Math.Max(line, 1)}: expected a section, [host] or [td]");
        (Scenario scenario, StartState from) = platform.Resolve(overrides);
        foreach (TextSection one in sections)
            Check(one, scenario.Platform, from);
        return new TextTrace(source, scenario, from, sections);
    }

    private void Take(ReadOnlySpan<char> raw)
    {
        int bad = raw.IndexOfAnyInRange('\0', '\b');
        if (bad >= 0)
            throw Wrong($"{Lexer.Show(raw[bad])} in a text: is this a text trace?");
        if (raw.Length > MaxLineCharacters)
            throw Wrong($"a line has at most {MaxLineCharacters} characters");
        string text = Comments.Strip(raw).Trim().ToString();
        if (text.Length == 0)
            return;
        if (text[0] == '[')
            Open(text);
        else if (inPlatform)
            platform.Add(line, text);
        else if (section is null)
            throw Wrong("expected a section first: [platform], [host] or [td]");
        else
            section.Take(line, text);
    }

    private void Open(string text)
    {
        if (text[^1] != ']')
            throw Wrong("expected \"]\" at the end of a section's header");
        section?.Finish(assembler);
        section = null;
        string[] words = text[1..^1].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        inPlatform = words is ["platform"];
        if (inPlatform)
            return;
        SectionWorld world = words switch
        {
            ["host", ..] => SectionWorld.Host,
            ["td", ..] => SectionWorld.Td,
            _ => throw Wrong("expected [platform], [host], [host lp=1], [td] or [td NAME gpaw=52 attributes=… xfam=…]"),
        };
        if (sections.Count == MaxSections)
            throw Wrong($"a text trace has at most {MaxSections} sections");
        SectionOptions options = new SectionHeader(source, line, world).Parse(words.AsSpan(1));
        if (world == SectionWorld.Td && sections.Exists(other => other.World == world && other.Name == options.Name))
            throw Wrong($"there is a TD \"{options.Name}\" already; give this one a name, [td NAME]");
        TextSection opened = new(world, line, options);
        sections.Add(opened);
        section = new SectionParser(source, opened);
    }

    private void Check(TextSection one, Platform machine, StartState from)
    {
        line = one.Line;
        if (one.Code.Count == 0)
            throw Wrong("this section has no instruction");
        if (one.Options.Lp >= machine.LpCount)
            throw Wrong($"lp={one.Options.Lp}: the platform has {machine.LpCount} logical processors");
        if (one.World == SectionWorld.Td && from != StartState.Ready)
            throw Wrong("a TD needs from=ready");
        if (one.World == SectionWorld.Td && one.Options.Gpaw == 52 && !machine.Ept5)
            throw Wrong("gpaw=52 needs platform.ept5");
    }

    private ConfigurationException Wrong(string what) => new(new Origin(source, line), what);
}

using Seamsim.Configuration;
using Seamsim.TextTraces.Assembling;

namespace Seamsim.TextTraces;

/// <summary>The words of a section's header behind its kind.</summary>
internal sealed class SectionHeader(string source, int line, SectionWorld world)
{
    /// <summary>Reads them.</summary>
    public SectionOptions Parse(ReadOnlySpan<string> words)
    {
        SectionOptions options = new();
        for (int i = 0; i < words.Length; i++)
        {
            string[] parts = words[i].Split('=', 2);
            if (parts.Length == 1 && i == 0 && world == SectionWorld.Td && AssemblyParser.IsName(words[i]))
                options = options with { Name = words[i] };
            else
                options = Option(options, parts, words[i]);
        }
        return options;
    }

    private SectionOptions Option(SectionOptions options, string[] parts, string word)
    {
        ulong number = 0;
        bool known = parts.Length == 2 && NumberText.TryRead(parts[1], out number);
        bool host = world == SectionWorld.Host;
        return (parts[0], known) switch
        {
            ("lp", true) when host && number < 512       => options with { Lp = (int)number },
            ("gpaw", true) when !host && number is 48 or 52 => options with { Gpaw = (int)number },
            ("attributes", true) when !host              => options with { Attributes = number },
            ("xfam", true) when !host                    => options with { Xfam = number },
            _ => throw new ConfigurationException(new Origin(source, line), host
                ? $"{Lexer.Short(word)}: expected lp=N"
                : $"{Lexer.Short(word)}: expected gpaw=48 or 52, attributes=N or xfam=N"),
        };
    }
}

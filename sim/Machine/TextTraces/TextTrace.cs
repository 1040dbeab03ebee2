namespace Seamsim.TextTraces;

/// <summary>
/// A hand-written program for the simulated host and for trust domains, with what must be so on the way. The format is
/// described in <c>sim/Machine/TextTraces/README.md</c>.
/// </summary>
public sealed class TextTrace
{
    /// <summary>The most characters a text trace can have.</summary>
    public const int MaxCharacters = TextTraceParser.MaxCharacters;

    internal TextTrace(string name, Scenario scenario, StartState from, IReadOnlyList<TextSection> sections) =>
        (Name, Scenario, From, Sections) = (name, scenario, from, sections);

    /// <summary>File name, as messages show it.</summary>
    public string Name { get; }

    /// <summary>The machine it asks for.</summary>
    public Platform Platform => Scenario.Platform;

    /// <summary>The configuration that the machine comes from.</summary>
    internal Scenario Scenario { get; }

    /// <summary>How far TDX is brought up before the first section.</summary>
    public StartState From { get; }

    /// <summary>Its sections, in the order in which they run.</summary>
    public IReadOnlyList<TextSection> Sections { get; }

    /// <summary>Reads and assembles a text trace.</summary>
    /// <param name="text">The text.</param>
    /// <param name="name">File name for messages.</param>
    /// <param name="overrides"><c>key=value</c> of the scenario, stronger than the text's <c>[platform]</c>.</param>
    /// <exception cref="Configuration.ConfigurationException">Something in it cannot be used; the message has file and
    /// line.</exception>
    public static TextTrace Parse(string text, string name, params IReadOnlyList<string> overrides) =>
        new TextTraceParser(name, overrides).Parse(text);
}

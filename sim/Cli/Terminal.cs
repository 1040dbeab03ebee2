using System.CommandLine;
using Spectre.Console;

namespace Seamsim.Cli;

/// <summary>Options every verb has.</summary>
internal sealed class GlobalOptions
{
    /// <summary><c>--json</c>.</summary>
    public Option<bool> Json { get; } =
        new("--json") { Description = "Results as JSON on stdout.", Recursive = true };

    /// <summary><c>--quiet</c>.</summary>
    public Option<bool> Quiet { get; } =
        new("--quiet", "-q") { Description = "Only the verdict; nothing on stderr but errors.", Recursive = true };
}

/// <summary>Results go to stdout, progress and errors to stderr; colour only where a terminal wants it.</summary>
internal sealed class Terminal
{
    private readonly TextWriter output, error;
    private readonly Lazy<IAnsiConsole> styled;
    private readonly bool plain;

    /// <summary>The streams of an invocation.</summary>
    public Terminal(ParseResult result, GlobalOptions global)
    {
        output = result.InvocationConfiguration.Output;
        error = result.InvocationConfiguration.Error;
        Json = result.GetValue(global.Json);
        Quiet = result.GetValue(global.Quiet);
        IsTerminal = ReferenceEquals(output, System.Console.Out) && !System.Console.IsOutputRedirected;
        plain = !IsTerminal || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        // Looking at the terminal takes time: only who renders does it.
        styled = new(Create);
    }

    /// <summary>Columns to fill; null where output is no terminal and a line may be as long as it likes.</summary>
    public int? Width => plain ? null : Console.Profile.Width;

    private IAnsiConsole Console => styled.Value;

    /// <summary>Whether results are JSON.</summary>
    public bool Json { get; }

    /// <summary>Whether only the verdict is wanted.</summary>
    public bool Quiet { get; }

    /// <summary>Whether a person sees stdout.</summary>
    public bool IsTerminal { get; }

    /// <summary>Whether stdout wants colours.</summary>
    public bool Colours => !plain;

    /// <summary>A line on stdout, as it is.</summary>
    public void Line(string text) => output.WriteLine(text);

    /// <summary>Text on stdout, as it is.</summary>
    public void Text(string text) => output.Write(text);

    /// <summary>Stdout as a stream of bytes.</summary>
    public Stream Bytes() => ReferenceEquals(output, System.Console.Out)
        ? System.Console.OpenStandardOutput()
        : new TextBytes(output);

    /// <summary>A line on stderr.</summary>
    public void Error(string text) => error.WriteLine(text);

    /// <summary>A line of progress on stderr, unless quiet.</summary>
    public void Progress(string text)
    {
        if (!Quiet)
            error.WriteLine(text);
    }

    /// <summary>A console on stderr for things that move; null where nobody watches.</summary>
    public IAnsiConsole? ErrorConsole()
    {
        if (Quiet || !ReferenceEquals(error, System.Console.Error) || System.Console.IsErrorRedirected)
            return null;
        bool colourless = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        IAnsiConsole moving = AnsiConsole.Create(new AnsiConsoleSettings
        {
            ColorSystem = colourless ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Out = new AnsiConsoleOutput(error),
        });
        return moving.Profile.Capabilities.Interactive ? moving : null;
    }

    /// <summary>A heading.</summary>
    public void Heading(string text) => Console.Write(new Markup($"[bold]{Markup.Escape(text)}[/]\n"));

    /// <summary>A line in words, wrapped to the width of the terminal by whoever wrote it.</summary>
    public void Say(string text) => Console.Write(new Text(text + "\n"));

    /// <summary>A verdict: green or red.</summary>
    public void Verdict(bool pass, string text)
    {
        if (plain)
            output.WriteLine($"{(pass ? "PASS" : "FAIL")} {text}"); // one line, however long: scripts look for it
        else
            Console.Write(new Markup($"[{(pass ? "green" : "red")}]{(pass ? "PASS" : "FAIL")}[/] {Markup.Escape(text)}\n"));
    }

    /// <summary>A line of parts, each with a style (<c>bold</c>, <c>dim</c>, <c>green</c>) or none.</summary>
    public void Styled(params IReadOnlyList<(string Text, string Style)> parts)
    {
        if (plain)
        {
            foreach ((string text, _) in parts)
                output.Write(text);
            output.WriteLine();
            return;
        }
        Console.Write(new Markup(string.Concat(parts.Select(part => part.Style.Length == 0
            ? Markup.Escape(part.Text)
            : $"[{part.Style}]{Markup.Escape(part.Text)}[/]")) + "\n"));
    }

    /// <summary>A heading and name-text pairs below it.</summary>
    public void Properties(string title, IReadOnlyList<(string Name, string Text)> properties)
    {
        Heading(title);
        int width = properties.Max(property => property.Name.Length);
        foreach ((string name, string text) in properties)
            output.WriteLine($"  {name.PadRight(width)}  {text}");
    }

    /// <summary>A table; columns after the first are right-aligned.</summary>
    public void Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        Table table = new Table().Border(TableBorder.Simple);
        for (int i = 0; i < columns.Count; i++)
        {
            TableColumn column = new TableColumn(columns[i]).NoWrap();
            table.AddColumn(i == 0 ? column : column.RightAligned());
        }
        foreach (IReadOnlyList<string> row in rows)
            table.AddRow([.. row.Select(Markup.Escape)]);
        Console.Write(table);
    }

    private IAnsiConsole Create()
    {
        IAnsiConsole created = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = plain ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = plain ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(output),
        });
        if (plain)
            created.Profile.Width = 132;
        return created;
    }

    /// <summary>A table of many columns: as wide as it is where nothing limits the width.</summary>
    public void WideTable(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        const int unlimited = 4096;
        int width = Console.Profile.Width;
        Console.Profile.Width = plain ? unlimited : width;
        Table(columns, rows);
        Console.Profile.Width = width;
    }
}

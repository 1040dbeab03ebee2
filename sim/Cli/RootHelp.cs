using System.CommandLine;
using System.CommandLine.Invocation;

namespace Seamsim.Cli;

/// <summary><c>seamsim --help</c>: the list of verbs, without making them.</summary>
/// <remarks>A test holds it to what the library prints when all verbs are there.</remarks>
internal sealed class RootHelp : SynchronousCommandLineAction
{
    private static string Head =>
        $"""
        Description:
          {Root.Description}

        Usage:
          {RootCommand.ExecutableName} [command] [options]

        Options:
          --json          Results as JSON on stdout.
          -q, --quiet     Only the verdict; nothing on stderr but errors.
          -?, -h, --help  Show help and usage information
          --version       Show version information

        Commands:

        """;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        TextWriter output = parseResult.InvocationConfiguration.Output;
        output.Write(Head);
        int width = 0;
        foreach (Verb verb in Verbs.All)
            width = Math.Max(width, verb.Usage.Length);
        foreach (Verb verb in Verbs.All)
        {
            output.Write($"  {verb.Usage.PadRight(width)}  ");
            Wrap(output, verb.Description, width + 4);
        }
        output.WriteLine();
        return ExitCode.Pass;
    }

    /// <summary>
    /// A text whose lines after the first are indented; on one line where no terminal limits it.
    /// </summary>
    private static void Wrap(TextWriter output, string text, int indent)
    {
        bool isTerminal = ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected;
        int room = isTerminal ? Math.Max(20, Console.WindowWidth - indent) : text.Length;
        int column = 0;
        foreach (string word in text.Split(' '))
        {
            if (column > 0 && column + 1 + word.Length > room)
            {
                output.Write($"\n{new string(' ', indent)}");
                column = 0;
            }
            output.Write(column == 0 ? word : $" {word}");
            column += word.Length + (column == 0 ? 0 : 1);
        }
        output.WriteLine();
    }
}

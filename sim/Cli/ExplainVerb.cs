using System.CommandLine;
using System.Text.Json;
using Seamsim.Explaining;

namespace Seamsim.Cli;

/// <summary><c>seamsim explain SUBJECT</c>: what is this number or name?</summary>
internal static class ExplainVerb
{
    /// <summary>What it is for.</summary>
    public const string Description = "Say in words what a status code, leaf, exit reason, field or check is.";

    /// <summary>The verb.</summary>
    public static Command Create(GlobalOptions global)
    {
        Argument<string[]> subject = new("subject")
        {
            Description = Explainer.Expected,
            Arity = ArgumentArity.OneOrMore,
        };
        Command command = new("explain", Description)
            { subject };
        command.SetAction(result =>
            Explain(new Terminal(result, global), string.Join(' ', result.GetRequiredValue(subject))));
        return command;
    }

    private static int Explain(Terminal terminal, string subject)
    {
        IReadOnlyList<Explanation> found = Explainer.Explain(subject);
        if (found.Count == 0)
        {
            terminal.Error($"seamsim explain: \"{subject}\" is unknown; expected {Explainer.Expected}");
            return ExitCode.Usage;
        }
        foreach (Explanation explanation in found)
        {
            if (terminal.Json)
                terminal.Line(ToJson(explanation));
            else
                terminal.Properties(explanation.Title, explanation.Properties);
        }
        return ExitCode.Pass;
    }

    private static string ToJson(Explanation explanation)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes))
        {
            writer.WriteStartObject();
            writer.WriteString("title", explanation.Title);
            writer.WriteString("kind", explanation.Kind);
            foreach ((string name, string text) in explanation.Properties)
                writer.WriteString(name, text);
            writer.WriteEndObject();
        }
        return System.Text.Encoding.UTF8.GetString(bytes.ToArray());
    }
}

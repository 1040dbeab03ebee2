using System.CommandLine;

namespace Seamsim.Cli;

/// <summary>The options of every verb that plays a scenario.</summary>
/// <param name="files">What the run directory gets, for the help text.</param>
internal sealed class RunOptions(string files = "config.toml, stats.txt, stats.json")
{
    private readonly Argument<string?> path = new("scenario")
    {
        Description = "Scenario file (TOML); none plays the default scenario.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string[]> overrides = new("-c", "--config")
        { Description = "key=value, e.g. platform.packages=2; repeatable." };

    private readonly Option<string?> directory = new("-d", "--directory")
        { Description = $"Run directory: {files}." };

    private readonly Option<string?> seed = new("--seed") { Description = "Seed of the run." };

    private readonly Option<string?> instructions = new("--max-instructions")
        { Description = "Instructions the whole run may execute." };

    /// <summary>Adds them to a verb.</summary>
    public void AddTo(Command command)
    {
        path.Validators.Add(found =>
        {
            if (found.Tokens.Count > 0 && found.Tokens[0].Value.StartsWith('-'))
                found.AddError($"{found.Tokens[0].Value}: no such option");
        });
        command.Add(path);
        foreach (Option option in (Option[])[overrides, directory, seed, instructions])
            command.Add(option);
    }

    /// <summary>What the command line asks for.</summary>
    public RunRequest Read(ParseResult result)
    {
        List<string> all = [.. result.GetValue(overrides) ?? []];
        if (result.GetValue(seed) is { } number)
            all.Add($"seed={number}");
        if (result.GetValue(instructions) is { } limit)
            all.Add($"max_instructions={limit}");
        return new RunRequest(result.GetValue(path), result.GetValue(directory)) { Overrides = all };
    }
}

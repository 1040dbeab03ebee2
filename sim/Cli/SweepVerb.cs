using System.CommandLine;
using System.Globalization;
using Seamsim.Configuration;
using Seamsim.Sweeps;

namespace Seamsim.Cli;

/// <summary>What a sweep is asked to do.</summary>
/// <param name="Path">Experiment file.</param>
/// <param name="Directory">Where runs and results go; null: named after the experiment.</param>
internal sealed record SweepRequest(string Path, string? Directory)
{
    /// <summary><c>key=value</c> overrides.</summary>
    public IReadOnlyList<string> Overrides { get; init; } = [];

    /// <summary>Machines at the same time.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>The share of the grid, <c>i/n</c>, or null for all of it.</summary>
    public string? Shard { get; init; }

    /// <summary>The one run to play again, or null.</summary>
    public int? Only { get; init; }

    /// <summary>Whether the runs are only listed.</summary>
    public bool DryRun { get; init; }

    /// <summary>Whether the runs of another experiment may be replaced.</summary>
    public bool Force { get; init; }
}

/// <summary><c>seamsim sweep EXPERIMENT.toml</c>: a grid of runs, one table, plots.</summary>
internal static class SweepVerb
{
    /// <summary>What it is for.</summary>
    public const string Description = "Play a grid of runs in parallel: one table, plots, every run repeatable.";

    /// <summary>The verb.</summary>
    public static Command Create(GlobalOptions global)
    {
        Argument<string?> path = new("experiment")
            { Description = "Experiment file (TOML).", Arity = ArgumentArity.ZeroOrOne };
        Option<string[]> overrides = new("-c", "--config")
            { Description = "key=value for every run, e.g. platform.packages=2; repeatable." };
        Option<string?> directory = new("-d", "--directory")
            { Description = "Where runs, table and plots go; default: EXPERIMENT.out. An interrupted sweep goes on." };
        Option<int> workers = new("--workers")
        {
            Description = "Machines at the same time; default: one a core.",
            DefaultValueFactory = _ => Environment.ProcessorCount,
        };
        workers.Validators.Add(found =>
        {
            if (found.GetValueOrDefault<int>() is < 1 or > 1024)
                found.AddError("--workers: expected 1..1024");
        });
        Option<string?> shard = new("--shard")
            { Description = "i/n: only the i-th of n shares of the grid; join the shares with sweep merge." };
        Option<int?> only = new("--only")
            { Description = "Play the run of this index again, and write no table." };
        Option<string?> seed = new("--seed") { Description = "Seed of every run." };
        Option<string?> instructions = new("--max-instructions")
            { Description = "Instructions every run may execute." };
        Option<bool> dry = new("--dry-run") { Description = "List the runs and stop." };
        Option<bool> force = new("--force")
            { Description = "Replace the runs of another experiment in the directory." };
        Command command = new("sweep", Description)
        {
            path, overrides, directory, workers, shard, only, seed, instructions, dry, force,
            SweepMergeVerb.Create(global),
        };
        command.SetAction(result =>
        {
            List<string> all = [.. result.GetValue(overrides) ?? []];
            if (result.GetValue(seed) is { } number)
                all.Add($"seed={number}");
            if (result.GetValue(instructions) is { } limit)
                all.Add($"max_instructions={limit}");
            string experiment = result.GetValue(path)
                ?? throw new ConfigurationException("seamsim sweep: expected the name of an experiment file");
            return Run(new Terminal(result, global), new SweepRequest(experiment, result.GetValue(directory))
            {
                Overrides = all,
                Workers = result.GetValue(workers),
                Shard = result.GetValue(shard),
                Only = result.GetValue(only),
                DryRun = result.GetValue(dry),
                Force = result.GetValue(force),
            });
        });
        return command;
    }

    /// <summary>Plays the runs and ends with their verdict.</summary>
    public static int Run(Terminal terminal, SweepRequest request)
    {
        Experiment experiment = ExperimentReader.Read(InputFile.Read(request.Path), request.Path);
        SweepPlan plan = new(experiment, request.Overrides);
        int[] indexes = Share(request, experiment.Grid.Count);
        if (request.DryRun)
            return List(terminal, experiment.Grid, indexes);
        SweepDirectory directory =
            SweepDirectory.Open(request.Directory ?? $"{experiment.Name}.out", plan, request.Force);
        if (request.Only is { } one)
            directory.Forget(experiment.Grid.Point(one));
        SweepProgress progress = new(terminal, indexes.Length);
        SweepRunner runner = new(plan, directory, progress);
        IReadOnlyList<SweepRow> rows;
        using (new InterruptKey(runner.Cancel))
            rows = progress.While(() => runner.Run(indexes, request.Workers));
        return Conclude(terminal, request, runner, directory, new ResultsTable(experiment, rows), experiment);
    }

    private static int Conclude(
        Terminal terminal, SweepRequest request, SweepRunner runner, SweepDirectory directory, ResultsTable table,
        Experiment experiment)
    {
        SweepPrinter printer = new(terminal);
        printer.InternalErrors(table, directory);
        if (runner.Failure is { } failure)
        {
            terminal.Error(failure.Message);
            terminal.Error(
                $"seamsim: the sweep stopped; {table.Rows.Count(row => row.IsFinished)} of {table.Rows.Count} runs are "
                + $"finished and kept in {directory.Path}: the same command goes on with the others");
            return ExitCode.Usage;
        }
        IReadOnlyList<string> files = [];
        if (request.Only is null)
            files = printer.Write(experiment, table, directory);
        if (runner.Cancelled && table.Rows.Any(row => !row.IsFinished))
            terminal.Error(
                $"seamsim: interrupted; the finished runs are kept in {directory.Path}: the same command goes on with "
                + "the others");
        return printer.Finish(experiment, table, directory, files);
    }

    private static int[] Share(SweepRequest request, int count)
    {
        if (request.Only is { } only)
            return request.Shard is null && only >= 0 && only < count
                ? [only]
                : throw new ConfigurationException(
                    $"--only {only}: expected an index 0..{count - 1}, and no --shard beside it");
        if (request.Shard is not { } shard)
            return [.. Enumerable.Range(0, count)];
        string[] parts = shard.Split('/');
        if (parts.Length != 2 || !TryCount(parts[0], out int part) || !TryCount(parts[1], out int of)
            || part > of)
            throw new ConfigurationException($"--shard {shard}: expected i/n with 1 \u2264 i \u2264 n, e.g. 1/4");
        return [.. Enumerable.Range(0, count).Where(index => index % of == part - 1)];
    }

    private static bool TryCount(string text, out int count) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count >= 1;

    private static int List(Terminal terminal, Grid grid, int[] indexes)
    {
        foreach (int index in indexes)
            terminal.Line(grid.Point(index).Name);
        return ExitCode.Pass;
    }
}

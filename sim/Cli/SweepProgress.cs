using System.Diagnostics;
using Seamsim.Sweeps;
using Spectre.Console;

namespace Seamsim.Cli;

/// <summary>How far a sweep is, on stderr: a bar on a terminal, now and then a line elsewhere.</summary>
internal sealed class SweepProgress(Terminal terminal, int runs) : ISweepObserver
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(10);

    private readonly Stopwatch sinceLine = Stopwatch.StartNew();
    private int ended, reused, failed;
    private ProgressTask? bar;

    /// <inheritdoc/>
    public void Ended(SweepRow row, bool reused)
    {
        ended++;
        this.reused += reused ? 1 : 0;
        failed += row.Status == RunStatus.Pass ? 0 : 1;
        if (bar is not null)
        {
            bar.Description = Text;
            bar.Increment(1);
        }
        else if (sinceLine.Elapsed >= Heartbeat)
        {
            terminal.Progress($"sweep: {Text}");
            sinceLine.Restart();
        }
    }

    /// <summary>Shows progress while something is done.</summary>
    public T While<T>(Func<T> work) => terminal.ErrorConsole() is not { } console
        ? work()
        : console.Progress().AutoClear(true)
            .Columns(new ProgressBarColumn(), new PercentageColumn(), new TaskDescriptionColumn())
            .Start(context =>
            {
                bar = context.AddTask(Text, maxValue: runs);
                return work();
            });

    private string Text => $"{ended}/{runs} runs, {failed} not passed"
        + (reused == 0 ? "" : $", {reused} kept from before");
}

using System.Globalization;
using Seamsim.Trace;
using Seamsim.Tracing;

namespace Seamsim.Cli.Trace;

/// <summary>The trace that a run writes beside what it does anyway.</summary>
internal sealed class TraceOfRun : IDisposable
{
    private readonly TraceWriter writer;
    private readonly TraceOptions options;
    private TraceRecorder? recorder;

    private TraceOfRun(TraceWriter writer, TraceOptions options) => (this.writer, this.options) = (writer, options);

    /// <summary>Whether the file could not be written to its end.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Creates the file when one is asked for.</summary>
    /// <exception cref="Configuration.ConfigurationException">It cannot be created, or an option is wrong.</exception>
    public static TraceOfRun? Create(RunRequest request, Scenario scenario)
    {
        if (request.Trace is not { } path)
            return null;
        TraceOptions options = request.TraceOptions(scenario);
        return new TraceOfRun(Recordings.Create(path, scenario, options), options);
    }

    /// <summary>Records the machine from now on.</summary>
    public void Begin(Machine machine) => recorder = machine.Record(writer, options);

    /// <summary>Completes the file, and says what it amounts to.</summary>
    public void Finish(Terminal terminal)
    {
        TraceTotals totals = recorder?.Finish() ?? writer.Finish();
        double each = totals.Instructions == 0 ? 0 : (double)totals.Bytes / totals.Instructions;
        terminal.Progress(string.Create(CultureInfo.InvariantCulture,
            $"trace: {totals.Instructions} instructions, {totals.Bytes} bytes, {each:0.00} bytes/instruction"));
        if (totals.Failure is not { } failure)
            return;
        HasFailed = true;
        terminal.Error($"seamsim: {failure}; the trace can be read up to there");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        recorder?.Dispose();
        writer.Dispose();
    }
}

using Seamsim.Runs;
using Seamsim.Trace;
using Seamsim.Tracing;

namespace Seamsim.Tests.Trace.Recording;

/// <summary>A scenario that was played, with or without a recorder.</summary>
/// <param name="Stats">stats.json.</param>
/// <param name="Figures">Its figures by name.</param>
/// <param name="Report">What became of the run.</param>
/// <param name="File">The trace; empty without a recorder.</param>
internal sealed record RecordedRun(
    string Stats, IReadOnlyDictionary<string, ulong> Figures, RunReport Report, byte[] File)
{
    /// <summary>Plays it; null options record nothing.</summary>
    public static RecordedRun Play(TraceOptions? options, params IReadOnlyList<string> overrides)
    {
        using MemoryStream file = new();
        return Play(options, file, overrides) with { File = file.ToArray() };
    }

    /// <summary>As above, into a stream of the caller's.</summary>
    public static RecordedRun Play(TraceOptions? options, Stream file, params IReadOnlyList<string> overrides)
    {
        Scenario scenario = Scenario.Default(overrides);
        using Machine machine = new(scenario.Platform);
        using TraceWriter? writer =
            options is null ? null : TraceWriter.Create(file, Recordings.HeaderOf(scenario, options));
        using TraceRecorder? recorder = options is null ? null : machine.Record(writer!, options);
        ScenarioRun run = new(machine, scenario, new Silence());
        run.Play();
        recorder?.Finish();
        List<Stat> stats = Seamsim.Runs.Stats.Of(machine);
        return new RecordedRun(
            Seamsim.Runs.Stats.ToJson(stats, scenario, run.Report.Passed),
            stats.ToDictionary(stat => stat.Name, stat => stat.Value), run.Report, []);
    }

    /// <summary>The records of the trace.</summary>
    public TraceReader Open() => TraceReader.Open(new MemoryStream(File), "memory");

    /// <summary>Every record, by what <paramref name="take"/> keeps of it.</summary>
    public List<T> Select<T>(Func<TraceRecord, bool> where, Func<TraceRecord, T> take)
    {
        using TraceReader reader = Open();
        TraceCursor cursor = reader.ReadFrom();
        List<T> all = [];
        while (cursor.Next())
            if (where(cursor.Current))
                all.Add(take(cursor.Current));
        return all;
    }

    private sealed class Silence : IStoryTeller
    {
        public void Chapter(string title)
        {
        }

        public void Say(string text)
        {
        }

        public void Problem(string text)
        {
        }
    }
}

using System.Globalization;
using Seamsim.Isa.State;
using Seamsim.Perf.Engine;
using Seamsim.Timing;
using Seamsim.Trace;
using Seamsim.Tracing;
using Stopwatch = System.Diagnostics.Stopwatch;

namespace Seamsim.Perf.Trace;

/// <summary>
/// What recording costs: the integer kernel without and with a recorder, in turns, and the size of what was recorded;
/// then its replay. <c>dotnet run -c Release --project perf -- trace [rounds]</c>.
/// </summary>
internal static unsafe class TraceCost
{
    private const int Turns = 5;

    private static readonly (string Name, TraceOptions? Options)[] Ways =
    [
        ("not recorded", null),
        ("control flow", new TraceOptions { Memory = false }),
        ("and addresses", new TraceOptions()),
        ("and values", new TraceOptions { Values = true }),
        ("and registers", new TraceOptions { Values = true, Registers = true }),
    ];

    /// <summary>Measures and prints.</summary>
    public static void Run(ulong rounds)
    {
        string file = Path.Combine(Path.GetTempPath(), $"seamsim-perf-{Environment.ProcessId}.sst");
        List<Cost>[] costs = [.. Ways.Select(_ => new List<Cost>())];
        for (int turn = 0; turn <= Turns; turn++)
        {
            for (int way = 0; way < Ways.Length; way++)
            {
                Cost cost = Once(file, Ways[way].Options, rounds);
                if (turn > 0)
                    costs[way].Add(cost);
            }
        }
        double live = Median(costs[0], cost => cost.Run);
        Console.WriteLine("                elapsed  run's thread  trace thread  slowdown, a core for each");
        for (int way = 0; way < Ways.Length; way++)
        {
            double busiest = Math.Max(Median(costs[way], cost => cost.Run), Median(costs[way], cost => cost.Trace));
            string size = costs[way][0].Totals is { } t ? $"{(double)t.Bytes / t.Instructions:0.000} bytes/instruction" : "";
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{Ways[way].Name,-15}{Median(costs[way], cost => cost.Elapsed),7:0.00} s {Median(costs[way], cost => cost.Run),11:0.00} s")
                + string.Create(CultureInfo.InvariantCulture,
                    $" {Median(costs[way], cost => cost.Trace),11:0.00} s {busiest / live,10:0.00} x  {size}"));
        }
        Replay(file, live);
        File.Delete(file);
    }

    private static Cost Once(string file, TraceOptions? options, ulong rounds)
    {
        using GuestMachine machine = new(GuestMachine.ReadListing("integer-kernel.lst"));
        machine.Call(1); // decoded and compiled
        if (options is null)
            return Measure(() => machine.Call(rounds), () => null);
        TraceHeader header = new("perf", "", 0, "functional", "none", 1, Recordings.AspectsOf(options), TraceWorlds.All);
        using TraceWriter writer = TraceWriter.Create(file, header);
        using TraceRecorder recorder = new(writer, options, [machine.Core]);
        machine.Call(1);
        return Measure(() => machine.Call(rounds), recorder.Finish);
    }

    private static Cost Measure(Action work, Func<TraceTotals?> finish)
    {
        long start = Stopwatch.GetTimestamp();
        double run = ProcessorSeconds("/proc/thread-self/stat"), trace = TraceSeconds();
        work();
        run = ProcessorSeconds("/proc/thread-self/stat") - run;
        trace = TraceSeconds() - trace;
        TraceTotals? totals = finish();
        return new Cost(Stopwatch.GetElapsedTime(start).TotalSeconds, run, trace, totals);
    }

    private static double TraceSeconds() => Directory.GetDirectories("/proc/self/task")
        .Where(task => File.ReadAllText(task + "/comm").Trim() == "trace")
        .Sum(task => ProcessorSeconds(task + "/stat"));

    /// <summary>User and system time of a thread; Linux counts in hundredths of a second.</summary>
    private static double ProcessorSeconds(string stat)
    {
        string text = File.ReadAllText(stat);
        string[] fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return (double.Parse(fields[11], CultureInfo.InvariantCulture)
            + double.Parse(fields[12], CultureInfo.InvariantCulture)) / 100;
    }

    private static double Median(List<Cost> costs, Func<Cost, double> of) => costs.Select(of).Order().ElementAt(costs.Count / 2);

    private static void Replay(string file, double live)
    {
        double best = double.MaxValue;
        for (int turn = 0; turn < Turns; turn++)
        {
            using TraceReader reader = TraceReader.Open(file);
            best = Math.Min(best, Measure(() => TraceReplay.Run(reader, new Functional()), () => null).Run);
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"replayed       {best,21:0.00} s {best / live,24:0.00} x"));
    }

    private readonly record struct Cost(double Elapsed, double Run, double Trace, TraceTotals? Totals);
}

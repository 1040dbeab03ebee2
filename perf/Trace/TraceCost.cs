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
        List<double>[] seconds = [.. Ways.Select(_ => new List<double>())];
        TraceTotals?[] totals = new TraceTotals?[Ways.Length];
        for (int turn = 0; turn <= Turns; turn++)
        {
            for (int way = 0; way < Ways.Length; way++)
            {
                double spent = Once(file, Ways[way].Options, rounds, out totals[way]);
                if (turn > 0)
                    seconds[way].Add(spent);
            }
        }
        Print(seconds, totals);
        Replay(file, Median(seconds[0]));
        File.Delete(file);
    }

    public static void One(int way, ulong rounds)
    {
        Once("/tmp/f/x.sst", Ways[way].Options, rounds, out _);
        if (way == 0) return;
        using TraceReader reader = TraceReader.Open("/tmp/f/x.sst");
        Console.WriteLine($"records {reader.Records} instr {reader.Instructions} frames {reader.Frames.Count}");
        long acc = 0, ex = 0, regs = 0;
        TraceCursor c = reader.ReadFrom(0);
        for (int i = 0; i < 2000000 && c.Next(); i++) { if (c.Current.IsExecution) { ex++; acc += c.Current.Accesses.Length; } else if (c.Current.Kind == EventKind.Registers) regs += System.Numerics.BitOperations.PopCount(c.Current.RegisterMask); }
        Console.WriteLine($"per execution: accesses {acc / (double)ex}, registers {regs / (double)ex}");
        Console.WriteLine(Threads());
    }

    private static double Once(string file, TraceOptions? options, ulong rounds, out TraceTotals? totals)
    {
        using GuestMachine machine = new(GuestMachine.ReadListing("integer-kernel.lst"));
        machine.Call(1); // decoded and compiled
        totals = null;
        if (options is null)
            return Time(() => machine.Call(rounds));
        TraceHeader header = new("perf", "", 0, "functional", "none", 1, Recordings.AspectsOf(options), TraceWorlds.All);
        using TraceWriter writer = TraceWriter.Create(file, header);
        using TraceRecorder recorder = new(writer, options, [machine.Core]);
        machine.Call(1);
        TraceTotals? all = null;
        double spent = Time(() =>
        {
            machine.Call(rounds);
            Console.WriteLine(Threads());
            all = recorder.Finish();
        });
        totals = all;
        return spent;
    }

    /// <summary>Processor time of the threads of this process so far, by name, in seconds (Linux).</summary>
    public static string Threads() => string.Join(", ", Directory.GetDirectories("/proc/self/task")
        .Select(task => File.ReadAllText(task + "/stat"))
        .Select(stat => (Name: stat[(stat.IndexOf('(') + 1)..stat.IndexOf(')')], Fields: stat[(stat.IndexOf(')') + 2)..].Split(' ')))
        .Select(thread => (thread.Name, Seconds: (double.Parse(thread.Fields[11]) + double.Parse(thread.Fields[12])) / 100))
        .Where(thread => thread.Seconds > 0.02)
        .Select(thread => $"{thread.Name} {thread.Seconds:0.00} s"));

    private static double Time(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static void Print(List<double>[] seconds, TraceTotals?[] totals)
    {
        for (int way = 0; way < Ways.Length; way++)
        {
            double slowdown = Median([.. seconds[way].Zip(seconds[0], (with, without) => with / without)]);
            string size = totals[way] is { } t ? $"{(double)t.Bytes / t.Instructions:0.000} bytes/instruction" : "";
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{Ways[way].Name,-15}{Median(seconds[way]),7:0.000} s {slowdown,6:0.00} x  {size}"));
        }
    }

    private static void Replay(string file, double live)
    {
        using TraceReader reader = TraceReader.Open(file);
        double spent = Time(() => TraceReplay.Run(reader, new Functional()));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{"replayed",-15}{spent,7:0.000} s {spent / live,6:0.00} x"));
    }
}

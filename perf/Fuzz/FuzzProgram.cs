using System.Diagnostics;
using System.Globalization;
using Seamsim.Tests.Isa.Fuzz;

namespace Seamsim.Perf.Fuzz;

/// <summary><c>fuzz INSTRUCTIONS [--seed N] [--batch N]</c>: random instructions on all cores, or one batch again.</summary>
internal static class FuzzProgram
{
    private const int Fine = 0, Found = 1, Usage = 2;

    public static int Run(string[] arguments)
    {
        if (!TryNumber(arguments, 0, out long instructions))
            return Complain();
        long seed = 1, batch = -1;
        for (int i = 1; i < arguments.Length; i += 2)
            switch (arguments[i])
            {
                case "--seed" when TryNumber(arguments, i + 1, out seed): break;
                case "--batch" when TryNumber(arguments, i + 1, out batch): break;
                default: return Complain();
            }
        FuzzRun run = new((ulong)seed, instructions);
        Stopwatch watch = Stopwatch.StartNew();
        string? wrong = batch < 0 ? run.Run(Environment.ProcessorCount) : run.RunBatch(batch);
        Console.WriteLine(run.Mix);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{watch.Elapsed.TotalSeconds:0.0} s"));
        Console.WriteLine(wrong ?? "no failure");
        return wrong is null ? Fine : Found;
    }

    private static bool TryNumber(string[] arguments, int at, out long number)
    {
        number = 0;
        return at < arguments.Length
            && long.TryParse(arguments[at], NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    private static int Complain()
    {
        Console.Error.WriteLine("fuzz: expected INSTRUCTIONS [--seed N] [--batch N]");
        return Usage;
    }
}

using System.Globalization;
using Seamsim.Isa.State;
using Seamsim.Runs;

namespace Seamsim.BareMetal;

/// <summary>The figures of a bare-metal run, in its run directory.</summary>
internal static class PcStats
{
    /// <summary>Writes stats.txt and stats.json; existing files of these names are replaced.</summary>
    public static void Write(string directory, Pc pc, PcEnd end)
    {
        List<Stat> stats = Of(pc);
        bool passed = end.Kind == PcEndKind.Exit;
        File.WriteAllText(Path.Combine(directory, "stats.txt"), Stats.ToText(stats, pc.TimingModel));
        File.WriteAllText(
            Path.Combine(directory, "stats.json"), Stats.ToJson(stats, pc.TimingModel, pc.Seed, passed));
    }

    private static unsafe List<Stat> Of(Pc pc)
    {
        List<Stat> stats =
        [
            new("run.instructions", pc.Instructions, "instruction", "Instructions executed by all logical processors"),
            new("run.cycles", pc.Cycles, "cycle", "Clock of the logical processor that came furthest"),
        ];
        foreach (Core core in pc.Cores)
        {
            string prefix = string.Create(CultureInfo.InvariantCulture, $"lp{core.Index}");
            stats.Add(new($"{prefix}.instructions", core.Lp->Instructions, "instruction", "Instructions executed"));
            stats.Add(new($"{prefix}.cycles", core.Lp->Cycles, "cycle", "Clock of the logical processor"));
        }
        return stats;
    }
}

using Seamsim.Isa.State;
using Seamsim.Profiling;
using Seamsim.Runs;
using Seamsim.Timing;

namespace Seamsim.BareMetal;

/// <summary>The figures of a bare-metal run, in its run directory; there is no world but the host's.</summary>
internal static class PcStats
{
    private static readonly World[] Worlds = [World.Host, World.Idle, World.Sync];

    /// <summary>
    /// Writes stats.txt and stats.json and, under a model that books causes, the files of a profile without leaves;
    /// existing files of these names are replaced.
    /// </summary>
    public static void Write(string directory, Pc pc, PcEnd end)
    {
        List<Stat> stats = Of(pc);
        bool passed = end.Kind == PcEndKind.Exit;
        File.WriteAllText(Path.Combine(directory, "stats.txt"), Stats.ToText(stats, pc.TimingModel));
        File.WriteAllText(
            Path.Combine(directory, "stats.json"), Stats.ToJson(stats, pc.TimingModel, pc.Seed, passed));
        if (Profile.Of(pc.Account, pc.Cores.Count, pc.TimingModel) is { } profile)
            ProfileDirectory.Write(directory, profile);
    }

    private static unsafe List<Stat> Of(Pc pc)
    {
        CycleAccount account = pc.Account;
        List<Stat> stats =
        [
            new("run.instructions", pc.Instructions, "instruction", "Instructions executed by all logical processors"),
            new("run.cycles", pc.Cycles, "cycle", "Clock of the logical processor that came furthest"),
        ];
        foreach (Core core in pc.Cores)
        {
            stats.Add(new($"{ProfileText.OfLp(core.Index)}.instructions", core.Lp->Instructions, "instruction",
                "Instructions executed"));
            WorldStats.Add(stats, account, core, Worlds);
        }
        if (account.Ledger is { } ledger)
            LedgerStats.Add(stats, account, ledger, pc.Cores);
        return stats;
    }
}

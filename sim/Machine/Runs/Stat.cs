using System.Globalization;
using System.Text;
using System.Text.Json;
using Seamsim.Configuration;
using Seamsim.Isa.Paging;
using Seamsim.Isa.State;
using Seamsim.Timing;

namespace Seamsim.Runs;

/// <summary>One figure of a run.</summary>
/// <param name="Name">Dotted path.</param>
/// <param name="Value">The figure.</param>
/// <param name="Unit">What it counts.</param>
/// <param name="Description">One sentence.</param>
internal readonly record struct Stat(string Name, ulong Value, string Unit, string Description);

/// <summary>Every figure of a run, in a fixed order.</summary>
internal static class Stats
{
    /// <summary>Collects from a machine and the report of what was played on it.</summary>
    public static List<Stat> Of(Machine machine, RunReport report)
    {
        CycleAccount account = machine.Account;
        List<Stat> stats =
        [
            new("run.instructions", machine.Instructions, "instruction",
                "Instructions executed by all logical processors"),
            new("run.cycles", Enumerable.Range(0, machine.Platform.LpCount).Max(machine.ClockOf), "cycle",
                "Clock of the logical processor that came furthest"),
            new("run.seamcalls", SeamcallsOf(account), "call", "SEAMCALLs of all logical processors"),
        ];
        AddWalks(stats, machine);
        foreach (Core core in machine.Cores)
            WorldStats.Add(stats, account, core, Enum.GetValues<World>());
        foreach (LeafAccount leaf in account.Leaves)
            AddLeaf(stats, leaf);
        if (account.Ledger is { } ledger)
            LedgerStats.Add(stats, account, ledger, machine.Cores);
        stats.Add(new("host.clobbered_msrs", (ulong)report.Clobbered.Count, "MSR",
            "MSRs of the host that trust domains changed and nobody restored"));
        foreach (TdReport td in report.Tds)
            AddTd(stats, td);
        return stats;
    }

    /// <summary>gem5's text form: name, value, <c># description (unit)</c>.</summary>
    public static string ToText(IReadOnlyList<Stat> stats, string model)
    {
        StringBuilder text = new("---------- Begin Simulation Statistics ----------\n");
        int width = stats.Max(stat => stat.Name.Length) + 2;
        foreach (Stat stat in stats)
        {
            string unit = stat.Unit == "cycle" ? $"cycle, {model}" : stat.Unit;
            text.Append(CultureInfo.InvariantCulture,
                $"{stat.Name.PadRight(width)}{stat.Value,16} # {stat.Description} ({unit})\n");
        }
        return text.Append("---------- End Simulation Statistics   ----------\n").ToString();
    }

    /// <summary>The same as JSON.</summary>
    public static string ToJson(IReadOnlyList<Stat> stats, Scenario scenario, bool passed) =>
        ToJson(stats, scenario.Timing, scenario.Platform.Seed, passed);

    /// <summary>The same for a run without scenario.</summary>
    public static string ToJson(IReadOnlyList<Stat> stats, string timing, ulong seed, bool passed)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            writer.WriteStartObject();
            writer.WriteString("timing", timing);
            writer.WriteNumber("seed", seed);
            writer.WriteString("verdict", passed ? "pass" : "fail");
            writer.WriteStartObject("stats");
            foreach (Stat stat in stats)
            {
                writer.WriteStartObject(stat.Name);
                writer.WriteNumber("value", stat.Value);
                writer.WriteString("unit", stat.Unit);
                writer.WriteString("description", stat.Description);
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.ToArray()) + "\n";
    }

    private static void AddWalks(List<Stat> stats, Machine machine)
    {
        ulong walks = 0, references = 0, most = 0;
        foreach (PageWalkCount count in machine.Cores.Select(core => core.TdWalks))
        {
            walks += count.Walks;
            references += count.References;
            most = Math.Max(most, count.Most);
        }
        stats.Add(new("td.walks", walks, "walk", "Page walks of trust domains"));
        stats.Add(new("td.walk_references", references, "reference",
            "Paging-structure and EPT entries read by these walks"));
        stats.Add(new("td.walk_references_most", most, "reference", "Entries read by the longest of these walks"));
    }

    private static void AddTd(List<Stat> stats, TdReport td)
    {
        string prefix = $"td.{td.Name}";
        stats.Add(new($"{prefix}.refused", td.Refusal is null ? 0UL : 1, "TD", "Refused by KVM or the module"));
        if (td.EptLevels != 0)
        {
            stats.Add(new($"{prefix}.ept_levels", (ulong)td.EptLevels, "level", "Levels of the secure EPT"));
            stats.Add(new($"{prefix}.shared_bit", (ulong)td.SharedBit, "bit", "GPA bit that tells shared from private"));
        }
        if (td.Consistency is { } views)
        {
            void Bits(string name, int count, string description) =>
                stats.Add(new($"{prefix}.cpuid.{name}", (ulong)count, "bit", description));
            Bits("td_kvm_bits", views.TdKvm.Count, "CPUID bits in which the TD and KVM's copy differ");
            Bits("td_user_bits", views.TdUser.Count, "CPUID bits in which the TD and the VMM's belief differ");
            Bits("kvm_user_bits", views.KvmUser.Count, "CPUID bits in which KVM's copy and the VMM's belief differ");
            Bits("unknown_to_kvm_bits", views.UnknownToKvm.Count, "Feature bits of the TD that KVM does not support");
            Bits("noticed_bits", views.Noticed, "CPUID bits the VMM read back and had not expected");
        }
        if (td.Effect is not { } effect)
            return;
        stats.Add(new($"{prefix}.upgrade.lost_bits", (ulong)effect.Lost.Count, "bit",
            "CPUID bits the TD lost by the upgrade"));
        stats.Add(new($"{prefix}.upgrade.gained_bits", (ulong)effect.Gained.Count, "bit",
            "CPUID bits the TD gained by the upgrade"));
        stats.Add(new($"{prefix}.upgrade.user_sees", effect.UserSees ? 1UL : 0, "flag",
            "The VMM believes the new values"));
        stats.Add(new($"{prefix}.upgrade.kvm_holds", effect.KvmHolds ? 1UL : 0, "flag",
            "KVM's copy has the new values"));
        stats.Add(new($"{prefix}.upgrade.kvm_knows", effect.KvmKnows ? 1UL : 0, "flag",
            "KVM supports every bit gained"));
    }

    private static void AddLeaf(List<Stat> stats, LeafAccount leaf)
    {
        string name = Names.OfLeaf(leaf.Leaf);
        string prefix = "leaf." + name.ToLowerInvariant().Replace('.', '_');
        stats.Add(new($"{prefix}.calls", leaf.Calls, "call", $"Calls of {name}"));
        stats.Add(new($"{prefix}.failures", leaf.Failures, "call", $"Calls of {name} that returned an error"));
        stats.Add(new($"{prefix}.forced", leaf.Forced, "call", $"Calls of {name} answered by a forced status"));
        stats.Add(new($"{prefix}.cycles", leaf.Seam.Cycles, "cycle",
            $"Cycles in SEAM root and transitions for {name}"));
        stats.Add(new($"{prefix}.instructions", leaf.Seam.Instructions, "instruction",
            $"Instructions retired in SEAM root for {name}; a module in C# retires none"));
        if (leaf.Td.Cycles != 0)
            stats.Add(new($"{prefix}.td_cycles", leaf.Td.Cycles, "cycle", $"Cycles of trust domains run by {name}"));
    }

    private static ulong SeamcallsOf(CycleAccount account)
    {
        ulong calls = 0;
        foreach (LeafAccount leaf in account.Leaves)
            calls += leaf.Calls;
        return calls;
    }
}

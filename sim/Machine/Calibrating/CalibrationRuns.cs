using Seamsim.Configuration;
using Seamsim.Isa.Ports;
using Seamsim.Runs;
using Seamsim.Timing;

namespace Seamsim.Calibrating;

/// <summary>
/// Plays the scenarios in which the operations of leaves are counted. The host calls a
/// leaf with the same operands whatever the clock shows, so that the counts depend on no cost; those of cache misses
/// depend on the sizes of the caches.
/// </summary>
internal static class CalibrationRuns
{
    private static readonly string[][] Scenarios =
    [
        ["timing=interval", "tds=[{ name = \"a\", guest = \"accept\" }]"],
        ["timing=interval", "tds=[{ name = \"b\", guest = \"rtmr\", memory = \"64 KiB\" }]"],
    ];

    /// <summary>The work of every SEAMCALL and TDCALL leaf that was called, by name.</summary>
    public static SortedDictionary<string, LeafWork> Play()
    {
        SortedDictionary<string, LeafWork> all = new(StringComparer.Ordinal);
        foreach (string[] overrides in Scenarios)
        {
            Scenario scenario = Scenario.Default(overrides);
            using Machine machine = new(scenario.Platform);
            ScenarioRun run = new(machine, scenario, new SilentTeller());
            run.Play();
            if (!run.Report.Passed)
                throw new InvalidOperationException($"a calibration run failed: {run.Report.Reason}");
            Add(all, machine);
        }
        Scenario ready = Scenario.Default("timing=interval", "steps=[\"load\",\"init\"]");
        using Machine other = new(ready.Platform);
        other.BringUp();
        CountedCalls.Make(other);
        Add(all, other);
        return all;
    }

    /// <summary>A leaf counts where it is called first: later runs only add what is missing.</summary>
    private static void Add(SortedDictionary<string, LeafWork> all, Machine machine)
    {
        CycleLedger ledger = machine.Account.Ledger!;
        foreach (LeafLedger leaf in ledger.Leaves)
            Add(all, Names.OfLeaf(leaf.Leaf), leaf, ledger.Parameters);
        foreach (LeafLedger leaf in ledger.GuestLeaves)
            Add(all, Names.OfGuestLeaf(leaf.Leaf), leaf, ledger.Parameters);
    }

    private static void Add(
        SortedDictionary<string, LeafWork> all, string name, LeafLedger leaf, CoreParameters parameters)
    {
        double calls = leaf.Calls.Count;
        if (calls == 0)
            return;
        double[] operations = [.. Enum.GetValues<Operation>().Select(operation => leaf.Count(operation) / calls)];
        all.TryAdd(name, new LeafWork(name, leaf.Calls.Count, operations, leaf.Instructions(parameters) / calls));
    }
}

using Iced.Intel;
using Seamsim.Isa;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Probes;
using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;
using Seamsim.Timing;
using Seamsim.Timing.Dynamic;

namespace Seamsim.Tests.Accounts;

/// <summary>One logical processor under the interval model, in 64-bit mode over 16 MiB of 4-KiB pages.</summary>
internal sealed unsafe class TimedRig : IDisposable
{
    private readonly EngineRig rig;

    /// <summary>A processor with the shipped costs, and others where <paramref name="changes"/> say so.</summary>
    public TimedRig(params (CoreParameter Name, uint Value)[] changes)
    {
        string text = CoreParameters.ShippedText;
        foreach ((CoreParameter name, uint value) in changes)
            text = Changed(text, name.ToString(), value);
        Parameters = CoreParameters.Parse(text, "test.csv");
        Interval model = new(Parameters);
        rig = new EngineRig(costs: model);
        Account = new CycleAccount(1, [], model);
        rig.Core.Ledger = Account.Ledger;
        model.Attach(rig.Core, model.CreateCaches(packages: 1, lpsPerPackage: 1));
    }

    public CoreParameters Parameters { get; }

    public CycleAccount Account { get; }

    public Core Core => rig.Core;

    public LogicalProcessor* Lp => rig.Lp;

    public IntervalTiming Timing => (IntervalTiming)rig.Core.Timing!;

    public EventCounts Counts => Timing.Counts;

    public EngineRig Engine => rig;

    public void Load(Action<Assembler> write) => rig.Load(write);

    /// <summary>Runs the program from its beginning until it halts; returns the cycles it took.</summary>
    public ulong Run(int slice = int.MaxValue)
    {
        ulong before = Lp->Cycles;
        (Lp->Rip, Lp->Activity) = (EngineRig.Code, ActivityState.Active);
        while (Core.Run(slice, ulong.MaxValue) == RunEnd.Budget)
            continue;
        return Lp->Cycles - before;
    }

    /// <summary>Empties the caches, as WBINVD does.</summary>
    public void EmptyCaches() => Core.Tell(Upkeep.Caches, 0);

    /// <summary>Data accesses that L1D did not answer.</summary>
    public ulong Misses =>
        Counts.Data(Operation.L2Hit) + Counts.Data(Operation.L3Hit) + Counts.Data(Operation.DramAccess);

    public void Dispose() => rig.Dispose();

    private static string Changed(string text, string name, uint value)
    {
        string[] lines = text.Split('\n');
        int at = Array.FindIndex(lines, line => line.StartsWith(name + ",", StringComparison.Ordinal));
        string[] cells = lines[at].Split(',');
        (cells[1], cells[2], cells[3]) = ($"{value}", "1", $"{Math.Max(value, 100_000)}");
        lines[at] = string.Join(',', cells);
        return string.Join('\n', lines);
    }
}

using Seamsim.Isa.Ports;

namespace Seamsim.Timing.Dynamic;

/// <summary>How often things happened at one logical processor. Accesses that a filter answered are hits, not counted.</summary>
public sealed class EventCounts
{
    private const int Levels = 3;
    private readonly ulong[] data = new ulong[Levels], fetches = new ulong[Levels];

    /// <summary>Branches that went another way than predicted.</summary>
    public ulong Mispredictions { get; internal set; }

    /// <summary>Taken branches that the branch target buffer did not know.</summary>
    public ulong Resteers { get; internal set; }

    /// <summary>Translations found in the second level.</summary>
    public ulong SecondLevelTlbHits { get; internal set; }

    /// <summary>Page walks.</summary>
    public ulong Walks { get; internal set; }

    /// <summary>Memory references of page walks.</summary>
    public ulong WalkReferences { get; internal set; }

    /// <summary>Data accesses that a level answered: L2, L3 or memory.</summary>
    public ulong Data(Operation level) => data[Index(level)];

    /// <summary>Fetches that a level answered.</summary>
    public ulong Fetches(Operation level) => fetches[Index(level)];

    /// <summary>All with their names.</summary>
    public IReadOnlyList<(string Name, ulong Count, string Unit, string Description)> All =>
    [
        ("branch.mispredictions", Mispredictions, "branch", "Branches that went another way than predicted"),
        ("branch.resteers", Resteers, "branch", "Taken branches that the branch target buffer did not know"),
        ("data.l2", data[0], "line", "Data accesses that missed L1D and were answered by L2"),
        ("data.l3", data[1], "line", "Data accesses that were answered by L3"),
        ("data.dram", data[2], "line", "Data accesses that were answered by memory"),
        ("fetch.l2", fetches[0], "line", "Fetches that missed L1I and were answered by L2"),
        ("fetch.l3", fetches[1], "line", "Fetches that were answered by L3"),
        ("fetch.dram", fetches[2], "line", "Fetches that were answered by memory"),
        ("tlb.second_level", SecondLevelTlbHits, "translation", "Translations found in the second level"),
        ("tlb.walks", Walks, "walk", "Page walks"),
        ("tlb.walk_references", WalkReferences, "reference", "Memory references of page walks"),
    ];

    internal void Missed(Operation level, bool fetch) => (fetch ? fetches : data)[Index(level)]++;

    private static int Index(Operation level) => level switch
    {
        Operation.L2Hit => 0,
        Operation.L3Hit => 1,
        _ => 2,
    };
}

using Seamsim.Isa.Ports;
using Seamsim.Isa.State;

namespace Seamsim.Timing;

/// <summary>A stay of a logical processor in a world, or a transition between two.</summary>
/// <param name="Lp">The logical processor.</param>
/// <param name="World">Where it was.</param>
/// <param name="Leaf">The leaf that ran or, in the host, 0.</param>
/// <param name="Start">Clock at its beginning.</param>
/// <param name="Cycles">How long.</param>
public readonly record struct Stay(int Lp, World World, ulong Leaf, ulong Start, ulong Cycles);

/// <summary>The stays of all logical processors, in the order of their ends.</summary>
/// <param name="most">Stays that are kept; later ones are only counted.</param>
public sealed class Timeline(int most)
{
    private readonly List<Stay> stays = [];
    private readonly SortedDictionary<int, (ulong Since, World World, ulong Leaf)> open = [];

    /// <summary>What is kept.</summary>
    public IReadOnlyList<Stay> Stays => stays;

    /// <summary>Stays that are not kept.</summary>
    public ulong Dropped { get; private set; }

    /// <summary>Ends what is open, at the end of a run.</summary>
    public unsafe void Finish(Core core)
    {
        if (!open.Remove(core.Index, out (ulong Since, World World, ulong Leaf) last))
            last = (0, World.Host, 0);
        Add(new Stay(core.Index, last.World, last.Leaf, last.Since, core.Lp->Cycles - last.Since));
    }

    internal unsafe void Switched(Core core, World from, World to, ulong leaf, uint cycles)
    {
        ulong now = core.Lp->Cycles, since = open.TryGetValue(core.Index, out var last) ? last.Since : 0;
        Add(new Stay(core.Index, from, from == World.Host ? 0 : leaf, since, now - cycles - since));
        Add(new Stay(core.Index, World.Transition, leaf, now - cycles, cycles));
        open[core.Index] = (now, to, to == World.Host ? 0 : leaf);
    }

    private void Add(Stay stay)
    {
        if (stay.Cycles == 0)
            return;
        if (stays.Count < most)
            stays.Add(stay);
        else
            Dropped++;
    }
}

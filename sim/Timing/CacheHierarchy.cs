using Seamsim.Isa.Ports;
using Seamsim.Isa.State;
using Seamsim.Timing.Dynamic;

namespace Seamsim.Timing;

/// <summary>
/// L1D, L1I and L2 of every logical processor, an L3 of every package, and the module's keyholes. Accesses of managed
/// SEAM code go through it, those of instructions and page walks too. A miss fills every level on the way; a store takes
/// the line from the other processors' L1 and L2.
/// </summary>
internal sealed class CacheHierarchy : ICacheTiming
{
    private const int LineBits = 6, PageBits = 12;
    private readonly Lp[] lps;
    private readonly LruCache[] l3;
    private readonly int lpsPerPackage;

    /// <summary>Empty caches.</summary>
    public CacheHierarchy(CoreParameters p, int packages, int lpsPerPackage)
    {
        this.lpsPerPackage = lpsPerPackage;
        lps = [.. Enumerable.Range(0, packages * lpsPerPackage).Select(_ => new Lp(
            Cache(p, CoreParameter.L1dKib, CoreParameter.L1dWays, 1),
            Cache(p, CoreParameter.L1iKib, CoreParameter.L1iWays, 1),
            Cache(p, CoreParameter.L2Kib, CoreParameter.L2Ways, 1),
            new LruCache(1, (int)p[CoreParameter.Keyholes])))];
        l3 = [.. Enumerable.Range(0, packages).Select(_ => Cache(p, CoreParameter.L3KibPerLp, CoreParameter.L3Ways, lpsPerPackage))];
    }

    /// <inheritdoc/>
    public Operation? Access(Core core, ulong address, bool write)
    {
        lps[core.Index].Timing?.ForgetLines();
        return Load(core, address, write, fetch: false);
    }

    /// <summary>As <see cref="Access"/> for an instruction, a fetch or a page walk.</summary>
    public Operation? Load(Core core, ulong address, bool write, bool fetch)
    {
        ulong line = address >> LineBits;
        Lp lp = lps[core.Index];
        if (write)
            TakeFromOthers(core.Index, line);
        if ((fetch ? lp.L1i : lp.L1).Touch(line))
            return null;
        if (!write)
            ShareWithOthers(core.Index, line);
        if (lp.L2.Touch(line))
            return Operation.L2Hit;
        return l3[core.Index / lpsPerPackage].Touch(line) ? Operation.L3Hit : Operation.DramAccess;
    }

    /// <summary>A line of a processor's L1D becomes the most recently used of its set.</summary>
    public void TouchFirst(Core core, ulong address) => lps[core.Index].L1.Touch(address >> LineBits);

    /// <summary>The model of a processor's instructions wants to know when others touch its L1 caches.</summary>
    public void Serve(int index, IntervalTiming timing) => lps[index].Timing = timing;

    /// <summary>WBINVD: the caches of a package are written back and emptied.</summary>
    public void Empty(int package)
    {
        for (int i = package * lpsPerPackage; i < (package + 1) * lpsPerPackage; i++)
        {
            lps[i].L1.Clear();
            lps[i].L1i.Clear();
            lps[i].L2.Clear();
            lps[i].Timing?.ForgetLines();
        }
        l3[package].Clear();
    }

    /// <inheritdoc/>
    public bool Maps(Core core, ulong address) => !lps[core.Index].Keyholes.Touch(address >> PageBits);

    /// <inheritdoc/>
    public void Drop(ulong address)
    {
        ulong line = address >> LineBits;
        TakeFromOthers(-1, line);
        foreach (LruCache cache in l3)
            cache.Remove(line);
    }

    private static LruCache Cache(CoreParameters p, CoreParameter kibibytes, CoreParameter ways, int times)
    {
        int lines = (int)p[kibibytes] * (int)CacheShape.LinesOfKib * times;
        return new LruCache(lines / (int)p[ways], (int)p[ways]);
    }

    private void TakeFromOthers(int but, ulong line)
    {
        for (int i = 0; i < lps.Length; i++)
        {
            if (i == but)
                continue;
            bool had = lps[i].L1.Remove(line) | lps[i].L1i.Remove(line);
            lps[i].L2.Remove(line);
            if (had)
                lps[i].Timing?.ForgetLines();
        }
    }

    private void ShareWithOthers(int but, ulong line)
    {
        for (int i = 0; i < lps.Length; i++)
            if (i != but && lps[i].Timing is { } timing && lps[i].L1.Holds(line))
                timing.ForgetOwned();
    }

    private sealed record Lp(LruCache L1, LruCache L1i, LruCache L2, LruCache Keyholes)
    {
        public IntervalTiming? Timing { get; set; }
    }
}

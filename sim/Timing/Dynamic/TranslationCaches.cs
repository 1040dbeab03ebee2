using Seamsim.Isa;
using Seamsim.Isa.Paging;

namespace Seamsim.Timing.Dynamic;

/// <summary>
/// The caches of translations of one logical processor: DTLB, ITLB and the STLB behind both, each with entries of 4 KiB
/// and of larger pages, and the paging-structure caches, which skip the upper levels of a walk. SDM vol. 3A, 4.10; vol.
/// 3C, 29.4 (guest-physical and combined mappings).
/// </summary>
internal sealed class TranslationCaches
{
    private const int SmallShift = 12, LargeShift = 21, HugeShift = 30, LevelBits = 9, FirstLevelShift = 12;
    private readonly TranslationCache dtlb, dtlbLarge, itlb, itlbLarge, stlb, huge;
    private readonly TranslationCache[] tables, eptTables;
    private readonly List<(ulong Tag, int Shift)> evicted = [];

    public TranslationCaches(CoreParameters p)
    {
        dtlb = Cache(p, CoreParameter.DtlbEntries, CoreParameter.DtlbWays);
        dtlbLarge = Cache(p, CoreParameter.DtlbLargeEntries, CoreParameter.DtlbLargeWays);
        itlb = Cache(p, CoreParameter.ItlbEntries, CoreParameter.ItlbWays);
        itlbLarge = Cache(p, CoreParameter.ItlbLargeEntries, CoreParameter.ItlbLargeWays);
        stlb = Cache(p, CoreParameter.StlbEntries, CoreParameter.StlbWays);
        huge = Cache(p, CoreParameter.HugeTlbEntries, CoreParameter.HugeTlbEntries);
        tables = Levels(p);
        eptTables = Levels(p);
    }

    /// <summary>Looks in the first level; a hit costs nothing.</summary>
    public bool TryFirst(ulong space, ulong linear, bool fetch, out ulong page) =>
        (fetch ? itlb : dtlb).TryFind(Tag(space, linear, SmallShift), out page)
        || Within(fetch ? itlbLarge : dtlbLarge, space, linear, LargeShift, out page)
        || Within(huge, space, linear, HugeShift, out page);

    /// <summary>Looks in the second level, and fills the first on a hit.</summary>
    public bool TrySecond(ulong space, ulong linear, bool fetch, out ulong page)
    {
        if (stlb.TryFind(Tag(space, linear, SmallShift), out page))
        {
            AddFirst(fetch, Tag(space, linear, SmallShift), SmallShift, page);
            return true;
        }
        if (!Within(stlb, space, linear, LargeShift, out page))
            return false;
        AddFirst(fetch, Tag(space, linear, LargeShift), LargeShift, page & ~Mask(LargeShift));
        return true;
    }

    /// <summary>Whether the DTLB has lost entries since <see cref="ForgetLost"/>.</summary>
    public bool HasLost => evicted.Count != 0;

    /// <summary>Whether an entry that the DTLB has lost since <see cref="ForgetLost"/> translated an address.</summary>
    public bool Lost(ulong space, ulong linear)
    {
        foreach ((ulong tag, int shift) in evicted)
            if (tag == Tag(space, linear, shift))
                return true;
        return false;
    }

    /// <summary>What is lost from now on counts.</summary>
    public void ForgetLost() => evicted.Clear();

    /// <summary>Keeps what a walk found.</summary>
    public void Fill(ulong space, ulong linear, bool fetch, WalkTrace walk)
    {
        int shift = walk.PageShift >= HugeShift ? HugeShift : walk.PageShift >= LargeShift ? LargeShift : SmallShift;
        ulong tag = Tag(space, linear, shift), page = walk.Page.Value & ~Mask(shift);
        AddFirst(fetch, tag, shift, page);
        if (shift != HugeShift)
            stlb.Add(tag, page);
    }

    private void AddFirst(bool fetch, ulong tag, int shift, ulong page)
    {
        TranslationCache cache = shift == HugeShift ? huge
            : shift == LargeShift ? fetch ? itlbLarge : dtlbLarge : fetch ? itlb : dtlb;
        if (cache.Add(tag, page) is { } lost && (!fetch || shift == HugeShift))
            evicted.Add((lost, shift));
    }

    /// <summary>
    /// The references a walk has to make, given what the paging-structure caches know; they learn the rest.
    /// </summary>
    public void Reduce(ulong space, ulong linear, WalkTrace walk, List<Hpa> needed)
    {
        ReadOnlySpan<WalkReference> all = walk.References;
        int from = 0;
        for (int i = 0; i < all.Length; i++)
            if (all[i].EptLevel == 0 && all[i].Level > 1 && HasNext(all, i)
                && tables[all[i].Level].TryFind(Tag(space, linear, ShiftOf(all[i].Level)), out _))
                from = AfterEpt(all, i + 1); // the next table's host address is known: on with its entry
        for (int i = from; i < all.Length; i++)
        {
            ref readonly WalkReference one = ref all[i];
            if (one.EptLevel != 0 && SkipsEpt(walk, all, i))
                continue;
            needed.Add(one.Address);
            if (one.EptLevel > 1)
                eptTables[one.EptLevel].Add(Tag(walk.Eptp >> SmallShift, one.Gpa, ShiftOf(one.EptLevel)), 0);
            else if (one.EptLevel == 0 && one.Level > 1)
                tables[one.Level].Add(Tag(space, linear, ShiftOf(one.Level)), 0);
        }
    }

    /// <summary>INVLPG: the page in every size, and all paging-structure caches of linear walks.</summary>
    public void DropPage(ulong space, ulong linear)
    {
        foreach (TranslationCache cache in (TranslationCache[])[dtlb, itlb, stlb])
            cache.Remove(Tag(space, linear, SmallShift));
        foreach (TranslationCache cache in (TranslationCache[])[dtlbLarge, itlbLarge, stlb])
            cache.Remove(Tag(space, linear, LargeShift));
        huge.Remove(Tag(space, linear, HugeShift));
        foreach (TranslationCache cache in tables)
            cache.Clear();
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        foreach (TranslationCache cache in (TranslationCache[])[dtlb, dtlbLarge, itlb, itlbLarge, stlb, huge])
            cache.Clear();
        foreach (TranslationCache cache in (TranslationCache[])[.. tables, .. eptTables])
            cache.Clear();
    }

    private static TranslationCache Cache(CoreParameters p, CoreParameter entries, CoreParameter ways) =>
        new(p[entries], p[ways]);

    private static TranslationCache[] Levels(CoreParameters p) =>
    [
        new(1, 1), new(1, 1), Cache(p, CoreParameter.PdeCacheEntries, CoreParameter.PdeCacheEntries),
        Cache(p, CoreParameter.PdpteCacheEntries, CoreParameter.PdpteCacheEntries),
        Cache(p, CoreParameter.Pml4eCacheEntries, CoreParameter.Pml4eCacheEntries),
        Cache(p, CoreParameter.Pml4eCacheEntries, CoreParameter.Pml4eCacheEntries),
    ];

    private static bool HasNext(ReadOnlySpan<WalkReference> all, int at)
    {
        for (int i = at + 1; i < all.Length; i++)
            if (all[i].EptLevel == 0)
                return true;
        return false;
    }

    /// <summary>The entry of the linear walk at or behind a position.</summary>
    private static int AfterEpt(ReadOnlySpan<WalkReference> all, int at)
    {
        while (all[at].EptLevel != 0)
            at++;
        return at;
    }

    /// <summary>Whether the EPT walk this reference belongs to begins below it.</summary>
    private bool SkipsEpt(WalkTrace walk, ReadOnlySpan<WalkReference> all, int at)
    {
        bool hasLower = at + 1 < all.Length && all[at + 1].EptLevel != 0 && all[at + 1].Gpa == all[at].Gpa;
        for (int i = at; hasLower && i < all.Length && all[i].EptLevel != 0 && all[i].Gpa == all[at].Gpa; i++)
            if (all[i].EptLevel > 1 && IsFollowed(all, i)
                && eptTables[all[i].EptLevel].TryFind(Tag(walk.Eptp >> SmallShift, all[i].Gpa, ShiftOf(all[i].EptLevel)), out _))
                return true;
        return false;
    }

    private static bool IsFollowed(ReadOnlySpan<WalkReference> all, int at) =>
        at + 1 < all.Length && all[at + 1].EptLevel != 0 && all[at + 1].Gpa == all[at].Gpa;

    private static bool Within(TranslationCache cache, ulong space, ulong linear, int shift, out ulong page)
    {
        bool found = cache.TryFind(Tag(space, linear, shift), out page);
        page |= linear & Mask(shift) & ~Mask(SmallShift);
        return found;
    }

    private static int ShiftOf(int level) => FirstLevelShift + (LevelBits * (level - 1));

    private static ulong Mask(int shift) => (1UL << shift) - 1;

    /// <summary>A name of a page of a size in a space. Sizes share caches, so the size is part of it.</summary>
    private static ulong Tag(ulong space, ulong linear, int shift) =>
        (linear << 7 >> 7 >> shift) ^ (space << 45) ^ ((ulong)(shift - SmallShift) << 58);
}

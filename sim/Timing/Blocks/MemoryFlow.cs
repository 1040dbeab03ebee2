namespace Seamsim.Timing.Blocks;

/// <summary>Which store each load of a block reads.</summary>
internal static class MemoryFlow
{
    /// <summary>The source of every load, from the places loads and stores touch; null where there is none.</summary>
    public static LoadSource[] Of(Place?[] loads, Place?[] stores)
    {
        LoadSource[] sources = new LoadSource[loads.Length];
        for (int i = 0; i < loads.Length; i++)
            sources[i] = loads[i] is { } load ? Find(load, i, stores) : LoadSource.Memory;
        return sources;
    }

    private static LoadSource Find(in Place load, int index, Place?[] stores)
    {
        for (int j = index - 1; j >= 0; j--)
            if (stores[j] is { } store && store.IsComparable(load) && store.Overlaps(load, 0))
                return new(j, false, !store.Holds(load, 0));
        for (int j = stores.Length - 1; j >= 0; j--)
            if (stores[j] is { Motion: { } moved } store && store.IsComparable(load) && store.Overlaps(load, moved))
                return new(j, true, !store.Holds(load, moved));
        return LoadSource.Memory;
    }
}

namespace Seamsim.Timing.Blocks;

/// <summary>Where a load gets its bytes from.</summary>
/// <param name="Store">The number in the block of the store; negative when no recent store wrote them.</param>
/// <param name="FromPrevious">Whether it is the store of the iteration before.</param>
/// <param name="Blocked">Whether the store has only some of the bytes, so that the load waits until it is in the cache.</param>
internal readonly record struct LoadSource(int Store, bool FromPrevious, bool Blocked)
{
    /// <summary>No store of this iteration or the one before.</summary>
    public static LoadSource Memory => new(-1, false, false);
}

/// <summary>A place in memory as one iteration sees it, and how far it moves to the next.</summary>
/// <param name="Base">The symbol of its base.</param>
/// <param name="Index">The symbol of its index; negative without.</param>
/// <param name="Scale">What the index is multiplied with.</param>
/// <param name="Motion">Bytes to the same operand of the next iteration; null when that is not known.</param>
/// <param name="Offset">What is added.</param>
/// <param name="Size">Bytes.</param>
internal readonly record struct Place(int Base, int Index, int Scale, long? Motion, long Offset, int Size)
{
    /// <summary>Whether two places are a known distance apart.</summary>
    public bool IsComparable(in Place other) =>
        Base == other.Base && Index == other.Index && Scale == other.Scale && Motion == other.Motion;

    /// <summary>Whether this one, moved, shares a byte with another.</summary>
    public bool Overlaps(in Place other, long moved) =>
        Offset - moved < other.Offset + other.Size && other.Offset < Offset - moved + Size;

    /// <summary>Whether this one, moved, has all bytes of another.</summary>
    public bool Holds(in Place other, long moved) =>
        Offset - moved <= other.Offset && other.Offset + other.Size <= Offset - moved + Size;
}

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

namespace Seamsim.Timing.Dynamic;

/// <summary>A set-associative cache of values by tag, with least-recently-used replacement.</summary>
/// <param name="entries">Entries in all, whole sets.</param>
/// <param name="ways">Entries of a set.</param>
internal sealed class TranslationCache(uint entries, uint ways)
{
    private const ulong None = ulong.MaxValue;
    private readonly int ways = (int)ways, sets = (int)(entries / ways);
    private readonly (ulong Tag, ulong Value)[] slots = Empty((int)entries);

    /// <summary>Finds a tag and makes it the most recently used of its set.</summary>
    public bool TryFind(ulong tag, out ulong value)
    {
        Span<(ulong Tag, ulong Value)> set = SetOf(tag);
        for (int i = 0; i < set.Length; i++)
        {
            if (set[i].Tag != tag)
                continue;
            (ulong Tag, ulong Value) found = set[i];
            set[..i].CopyTo(set[1..]);
            set[0] = found;
            value = found.Value;
            return true;
        }
        value = 0;
        return false;
    }

    /// <summary>Puts a tag in, as the most recently used, in place of the least, which it returns; null: an empty one.</summary>
    public ulong? Add(ulong tag, ulong value)
    {
        Span<(ulong Tag, ulong Value)> set = SetOf(tag);
        ulong evicted = set[^1].Tag;
        set[..^1].CopyTo(set[1..]);
        set[0] = (tag, value);
        return evicted == None ? null : evicted;
    }

    /// <summary>Takes a tag out.</summary>
    public void Remove(ulong tag)
    {
        foreach (ref (ulong Tag, ulong Value) slot in SetOf(tag))
            if (slot.Tag == tag)
                slot.Tag = None;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear() => Array.Fill(slots, (None, 0UL));

    private static (ulong Tag, ulong Value)[] Empty(int count)
    {
        (ulong Tag, ulong Value)[] slots = new (ulong, ulong)[count];
        Array.Fill(slots, (None, 0UL));
        return slots;
    }

    private Span<(ulong Tag, ulong Value)> SetOf(ulong tag) => slots.AsSpan((int)(tag % (ulong)sets) * ways, ways);
}

namespace Seamsim.Timing;

/// <summary>A set-associative cache of tags with least-recently-used replacement.</summary>
/// <param name="sets">Sets; a tag's set is its remainder.</param>
/// <param name="ways">Tags a set holds.</param>
internal sealed class LruCache(int sets, int ways)
{
    // Each set from the most to the least recently used; 0 is empty, tags are stored plus one.
    private readonly ulong[] tags = new ulong[sets * ways];

    /// <summary>Makes a tag the most recently used of its set, in place of the least; whether it was there.</summary>
    public bool Touch(ulong tag)
    {
        Span<ulong> set = SetOf(tag);
        if (set[0] == tag + 1)
            return true;
        int at = set.IndexOf(tag + 1);
        set[..(at < 0 ? ways - 1 : at)].CopyTo(set[1..]);
        set[0] = tag + 1;
        return at >= 0;
    }

    /// <summary>Whether a tag is there.</summary>
    public bool Holds(ulong tag) => SetOf(tag).Contains(tag + 1);

    /// <summary>Takes a tag out; whether it was there.</summary>
    public bool Remove(ulong tag)
    {
        Span<ulong> set = SetOf(tag);
        int at = set.IndexOf(tag + 1);
        if (at < 0)
            return false;
        set[(at + 1)..].CopyTo(set[at..]);
        set[^1] = 0;
        return true;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear() => Array.Clear(tags);

    private Span<ulong> SetOf(ulong tag) => tags.AsSpan((int)(tag % (ulong)sets) * ways, ways);
}

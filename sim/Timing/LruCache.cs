using System.Runtime.CompilerServices;

namespace Seamsim.Timing;

/// <summary>A set-associative cache of tags with least-recently-used replacement.</summary>
/// <param name="sets">Sets; a tag's set is its remainder.</param>
/// <param name="ways">Tags a set holds.</param>
internal sealed class LruCache(int sets, int ways)
{
    private readonly ulong mask = (sets & (sets - 1)) == 0 ? (ulong)sets - 1 : 0;

    // Each set from the most to the least recently used; 0 is empty, tags are stored plus one.
    private readonly ulong[] tags = new ulong[sets * ways];

    /// <summary>Makes a tag the most recently used of its set, in place of the least; whether it was there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Touch(ulong tag)
    {
        Span<ulong> set = SetOf(tag);
        ulong moved = tag + 1;
        for (int way = 0; way < set.Length; way++)
        {
            (moved, set[way]) = (set[way], moved);
            if (moved == tag + 1)
                return true;
        }
        return false;
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

    private Span<ulong> SetOf(ulong tag) =>
        tags.AsSpan((int)(mask != 0 ? tag & mask : tag % (ulong)sets) * ways, ways);
}

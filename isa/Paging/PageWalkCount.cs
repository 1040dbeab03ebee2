namespace Seamsim.Isa.Paging;

/// <summary>
/// Memory references of page walks in a trust domain: guest paging-structure entries, and the EPT entries that lead to
/// each of them and to the page. Walks that fault are not counted; nothing is cached between two walks.
/// </summary>
public struct PageWalkCount
{
    /// <summary>Walks that ended in a translation.</summary>
    public ulong Walks { get; private set; }

    /// <summary>References of all of them.</summary>
    public ulong References { get; private set; }

    /// <summary>References of the longest one.</summary>
    public uint Most { get; private set; }

    /// <summary>References of the walk under way.</summary>
    internal uint Current { get; set; }

    /// <summary>Books the walk under way.</summary>
    internal void Finish()
    {
        Walks++;
        References += Current;
        Most = Math.Max(Most, Current);
    }
}

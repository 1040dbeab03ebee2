namespace Seamsim.Isa.Paging;

/// <summary>A memory reference of a page walk.</summary>
/// <param name="Address">Host-physical address of the entry, KeyID included.</param>
/// <param name="Level">Level of the linear walk it serves, 5..1; 0 for the page itself.</param>
/// <param name="EptLevel">Level of the EPT entry, 5..1; 0 for an entry of the linear walk.</param>
/// <param name="Gpa">What an EPT entry helps to translate.</param>
internal readonly record struct WalkReference(Hpa Address, byte Level, byte EptLevel, ulong Gpa);

/// <summary>The references of one page walk, in order, as if nothing were cached.</summary>
internal sealed class WalkTrace
{
    /// <summary>Those of the longest walk: five levels of linear, five of EPT paging. SDM vol. 3C, 29.3.</summary>
    public const int Most = 35;

    private readonly WalkReference[] references = new WalkReference[Most];

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>They lead to a page.</summary>
    public bool IsWhole { get; set; }

    /// <summary>The page, KeyID included.</summary>
    public Hpa Page { get; set; }

    /// <summary>Size of what one translation covers: the smaller of the linear and the EPT page.</summary>
    public int PageShift { get; set; }

    /// <summary>Which EPT the walk went through: its root; 0 for none.</summary>
    public ulong Eptp { get; set; }

    /// <summary>The references.</summary>
    public ReadOnlySpan<WalkReference> References => references.AsSpan(0, Count);

    /// <summary>Begins a new walk.</summary>
    public void Clear() => (Count, IsWhole, PageShift, Eptp) = (0, false, 12, 0);

    /// <summary>Appends a reference.</summary>
    public void Add(in WalkReference reference) => references[Count++] = reference;
}

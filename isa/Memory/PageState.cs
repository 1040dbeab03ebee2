namespace Seamsim.Isa.Memory;

/// <summary>What is known of a page besides its bytes.</summary>
[Flags]
internal enum PageFlags : byte
{
    None = 0,

    /// <summary>The chunk's page is a hole between RAM ranges.</summary>
    NotRam = 1,

    /// <summary>Somebody holds a pointer to it.</summary>
    Pinned = 2,

    /// <summary>Somebody holds a pointer to it for writing.</summary>
    PinnedForWrite = 4,

    /// <summary>Decoded blocks come from it.</summary>
    Code = 8,
}

/// <summary>
/// One 4-KiB page of RAM. Uniform: <see cref="LineTags"/> is null and every line has <see cref="Tag"/>; mixed: each
/// line has its own. Without <see cref="Data"/> the page is uniform and repeats the 16-byte pattern.
/// </summary>
internal unsafe struct PageState
{
    public byte* Data;
    public int* LineTags;
    public ulong PatternLow, PatternHigh;

    /// <summary>Number of the key (in <see cref="KeyTable"/>) the page was written with.</summary>
    public int Tag;

    /// <summary>Write-back epoch of the last write; older than the ledger's means clean.</summary>
    public uint WrittenIn;

    /// <summary>Package the memory is attached to.</summary>
    public byte Home;

    public PageFlags Flags;
}

namespace Seamsim.Isa.Memory;

/// <summary>
/// Somebody who keeps host pointers or decoded code of physical pages: every core. Called synchronously, before the
/// change is visible to anyone else.
/// </summary>
public interface IMemoryObserver
{
    /// <summary>Pointers to the page (KeyID stripped, 4-KiB aligned) are no longer valid, whatever the KeyID.</summary>
    void PageChanged(ulong page);

    /// <summary>All pointers are invalid: a key has changed, or the SEAM range has moved.</summary>
    void AllChanged();

    /// <summary>
    /// Bytes of a page marked by <see cref="PhysicalMemory.MarkCode"/> change; the mark is gone afterwards.
    /// </summary>
    void CodeWritten(ulong page);
}

using System.Runtime.CompilerServices;

namespace Seamsim.Isa.Memory;

/// <summary>What a physical access met besides its data.</summary>
public enum MemoryResult : byte
{
    /// <summary>Plain memory.</summary>
    Ok,

    /// <summary>Nothing answers at this address: reads give all ones, writes vanish.</summary>
    NoMemory,

    /// <summary>
    /// The line is poisoned for this KeyID (integrity): the consumer takes #MC; the data reads as zero.
    /// </summary>
    Poison,

    /// <summary>
    /// The SEAM range, or a private KeyID, from outside SEAM: reads give all ones, writes vanish (abort-page semantics).
    /// </summary>
    Aborted,
}

/// <summary>
/// Sparse physical memory with MKTME semantics (D2, D7). Pages get host memory on first touch, and not at all while
/// they repeat one 16-byte pattern. A page is uniform (written with one key) or mixed (a key per line); reading
/// through another key yields ciphertext or poison.
/// </summary>
/// <remarks>
/// Pointers given out by <see cref="TryPin(Hpa, bool)"/> stay valid until an <see cref="IMemoryObserver"/> is told
/// otherwise: backing never moves or goes without that call.
/// </remarks>
public sealed unsafe partial class PhysicalMemory : IDisposable
{
    private const int PageBytes = 4096;
    private readonly PageDirectory pages;
    private readonly PageArena arena = new();
    private readonly KeyTable keyTable;
    private readonly List<IMemoryObserver> observers = [];
    private ulong seamBase, seamBytes;

    /// <summary>
    /// Creates memory whose RAM lies in <paramref name="ranges"/> (base, bytes; 4-KiB granular, ascending).
    /// </summary>
    public PhysicalMemory(KeyIdLayout keys, IReadOnlyList<(ulong Base, ulong Bytes)> ranges)
        : this(keys, ranges, 1)
    {
    }

    /// <summary>Creates memory dealt out to <paramref name="packages"/> packages in equal contiguous shares.</summary>
    public PhysicalMemory(KeyIdLayout keys, IReadOnlyList<(ulong Base, ulong Bytes)> ranges, int packages)
    {
        Keys = keys;
        Ranges = ranges;
        pages = new PageDirectory(ranges, packages, 1 << keys.KeyIdBits);
        keyTable = new KeyTable(keys, packages);
        Ledger = new WriteBackLedger(packages);
    }

    /// <summary>Address and key layout.</summary>
    public KeyIdLayout Keys { get; }

    /// <summary>The RAM ranges.</summary>
    public IReadOnlyList<(ulong Base, ulong Bytes)> Ranges { get; }

    /// <summary>Device windows outside RAM.</summary>
    public MmioMap Mmio { get; } = new();

    /// <summary>Reuse of pages and KeyIDs without write-back.</summary>
    public WriteBackLedger Ledger { get; }

    /// <summary>Pages that have host memory behind them.</summary>
    public long BackedPages => arena.PagesInUse;

    /// <summary>Whether the line address (KeyID stripped) is RAM.</summary>
    public bool IsRam(Hpa address) => pages.IsRam(Keys.LineOf(address));

    /// <summary>Package a RAM address is attached to.</summary>
    public int HomeOf(Hpa address) => pages.HomeOf(Keys.LineOf(address));

    /// <summary>Registers somebody who keeps pointers or decoded code.</summary>
    public void Observe(IMemoryObserver observer) => observers.Add(observer);

    /// <summary>Sets the SEAM range (SEAMRR); zero bytes removes it.</summary>
    public void SetSeamRange(ulong start, ulong bytes)
    {
        (seamBase, seamBytes) = (start, bytes);
        foreach (IMemoryObserver observer in observers)
            observer.AllChanged();
    }

    /// <summary>Whether the line address (KeyID stripped) lies in the SEAM range.</summary>
    public bool InSeamRange(Hpa address) => Keys.LineOf(address) - seamBase < seamBytes;

    /// <summary>
    /// Host pointer to the 4-KiB page of <paramref name="address"/> for the inline TLB: only for RAM pages outside the
    /// SEAM range that are uniform in the address's key. Null sends the access to <see cref="Read"/> or
    /// <see cref="Write(Hpa, ReadOnlySpan{byte}, bool)"/>; so does a write to a page that holds decoded code.
    /// </summary>
    public byte* TryPin(Hpa address, bool write) => TryPin(address, write, inSeam: false);

    /// <summary>As <see cref="TryPin(Hpa, bool)"/>; in SEAM root the SEAM range is memory like any other.</summary>
    public byte* TryPin(Hpa address, bool write, bool inSeam)
    {
        ulong line = Keys.LineOf(address);
        if (!inSeam && line - seamBase < seamBytes)
            return null;
        PageState* page = pages.Find(line);
        if (page is null || page->LineTags is not null || page->Tag != keyTable.Current(page->Home, Keys.KeyOf(address)))
            return null;
        if (write)
        {
            if ((page->Flags & PageFlags.Code) != 0)
                return null;
            NoteWrite(page);
            page->Flags |= PageFlags.PinnedForWrite;
        }
        page->Flags |= PageFlags.Pinned;
        return Backing(page);
    }

    /// <summary>
    /// Loads bytes; may cross pages. <paramref name="inSeam"/>: the access comes from SEAM root or a TD.
    /// </summary>
    public MemoryResult Read(Hpa address, Span<byte> destination, bool inSeam)
    {
        if (!inSeam && IsClosedOutsideSeam(address))
        {
            destination.Fill(0xFF);
            return MemoryResult.Aborted;
        }
        MemoryResult worst = MemoryResult.Ok;
        for (int done = 0; done < destination.Length;)
        {
            Hpa at = address + (ulong)done;
            int count = Math.Min(PageBytes - at.PageOffset, destination.Length - done);
            MemoryResult result = ReadInPage(at, destination.Slice(done, count));
            if (result > worst)
                worst = result;
            done += count;
        }
        return worst;
    }

    /// <summary>Stores bytes through the caches; may cross pages. Lines take the key of the address.</summary>
    public MemoryResult Write(Hpa address, ReadOnlySpan<byte> source, bool inSeam) =>
        Write(address, source, inSeam, direct: false);

    /// <summary>
    /// As <see cref="Write(Hpa, ReadOnlySpan{byte}, bool)"/>; a direct store (MOVDIR64B) leaves no dirty line.
    /// </summary>
    public MemoryResult Write(Hpa address, ReadOnlySpan<byte> source, bool inSeam, bool direct)
    {
        if (!inSeam && IsClosedOutsideSeam(address))
            return MemoryResult.Aborted;
        MemoryResult worst = MemoryResult.Ok;
        for (int done = 0; done < source.Length;)
        {
            Hpa at = address + (ulong)done;
            int count = Math.Min(PageBytes - at.PageOffset, source.Length - done);
            if (!WriteInPage(at, source.Slice(done, count), direct))
                worst = MemoryResult.NoMemory;
            done += count;
        }
        return worst;
    }

    /// <summary>Loads a little-endian value that does not cross a page; the fast way for system code.</summary>
    public T Read<T>(Hpa address, bool inSeam, out MemoryResult result) where T : unmanaged
    {
        ulong line = Keys.LineOf(address);
        PageState* page = pages.Find(line);
        if (page is not null && page->LineTags is null && page->Data is not null
            && page->Tag == keyTable.Current(page->Home, Keys.KeyOf(address))
            && address.PageOffset + sizeof(T) <= PageBytes && (inSeam || !IsClosedOutsideSeam(address)))
        {
            result = MemoryResult.Ok;
            return Unsafe.ReadUnaligned<T>(page->Data + address.PageOffset);
        }
        T value = default;
        result = Read(address, new Span<byte>(&value, sizeof(T)), inSeam);
        return value;
    }

    /// <summary>Stores a little-endian value.</summary>
    public MemoryResult Write<T>(Hpa address, T value, bool inSeam) where T : unmanaged =>
        Write(address, new ReadOnlySpan<byte>(&value, sizeof(T)), inSeam);

    /// <summary>
    /// MOVDIR64B over a whole page with one repeated qword; the page becomes uniform in the address's KeyID.
    /// </summary>
    public MemoryResult FillPage(Hpa page, ulong pattern, bool inSeam)
    {
        Span<ulong> repeated = [pattern];
        return Fill(page.Page, PageBytes, System.Runtime.InteropServices.MemoryMarshal.AsBytes(repeated), inSeam);
    }

    /// <summary>
    /// Direct stores of a repeated pattern. Whole pages need no host memory until something else is written to them.
    /// </summary>
    /// <param name="address">First byte; a multiple of the pattern's length.</param>
    /// <param name="bytes">Number of bytes; a multiple of the pattern's length.</param>
    /// <param name="pattern">1, 2, 4, 8 or 16 bytes.</param>
    /// <param name="inSeam">The access comes from SEAM root or a TD.</param>
    public MemoryResult Fill(Hpa address, ulong bytes, ReadOnlySpan<byte> pattern, bool inSeam)
    {
        if (!inSeam && IsClosedOutsideSeam(address))
            return MemoryResult.Aborted;
        Span<byte> page = stackalloc byte[PageBytes];
        pattern.CopyTo(page);
        RepeatFirst(page, pattern.Length);

        MemoryResult worst = MemoryResult.Ok;
        for (ulong done = 0; done < bytes;)
        {
            Hpa at = address + done;
            int count = (int)Math.Min((ulong)(PageBytes - at.PageOffset), bytes - done);
            bool ok = count == PageBytes ? FillWholePage(at, page) : WriteInPage(at, page[..count], direct: true);
            if (!ok)
                worst = MemoryResult.NoMemory;
            done += (ulong)count;
        }
        return worst;
    }

    /// <summary>
    /// Programs a KeyID on the memory of a package (PCONFIG); lines written with its old key become ciphertext.
    /// </summary>
    public void ProgramKey(int package, KeyId key, ulong secret, bool integrity)
    {
        int old = keyTable.Current(package, key);
        if (keyTable.WrittenIn(old) == Ledger.Epoch)
            Ledger.Report(new ReuseReport(ReuseKind.KeyId, 0, key, key));
        keyTable.Program(package, key, secret, integrity);
        foreach (IMemoryObserver observer in observers)
            observer.AllChanged();
    }

    /// <summary>Gives a KeyID back to the platform key on the memory of a package.</summary>
    public void ClearKey(int package, KeyId key) =>
        ProgramKey(package, key, KeyTable.PlatformSecret(package), integrity: false);

    /// <summary>CLFLUSH or CLFLUSHOPT over every line of a page.</summary>
    public void PageWrittenBack(Hpa address)
    {
        PageState* page = pages.Find(Keys.LineOf(address));
        if (page is not null)
            page->WrittenIn = 0;
    }

    /// <summary>
    /// Marks the page of <paramref name="address"/> as the source of decoded code: writes go the slow way, and the
    /// first one clears the mark and is announced by <see cref="IMemoryObserver.CodeWritten"/>.
    /// </summary>
    public void MarkCode(Hpa address)
    {
        ulong line = Keys.LineOf(address) & ~0xFFFUL;
        PageState* page = pages.Find(line);
        if (page is null || (page->Flags & PageFlags.Code) != 0)
            return;
        page->Flags |= PageFlags.Code;
        if ((page->Flags & PageFlags.PinnedForWrite) != 0)
            Unpin(page, line);
    }

    /// <summary>The KeyID a uniform page was written with; false for a mixed page or none.</summary>
    public bool TryGetKey(Hpa address, out KeyId key)
    {
        PageState* page = pages.Find(Keys.LineOf(address));
        bool uniform = page is not null && page->LineTags is null;
        key = uniform ? keyTable.KeyIdOf(page->Tag) : default;
        return uniform;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        pages.ForEachTouched((_, page) => FreeLineTags(page));
        pages.Dispose();
        arena.Dispose();
    }

    private bool IsClosedOutsideSeam(Hpa address) =>
        Keys.LineOf(address) - seamBase < seamBytes || Keys.IsPrivate(Keys.KeyOf(address));
}

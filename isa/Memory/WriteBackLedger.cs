namespace Seamsim.Isa.Memory;

/// <summary>Which write-back rule was broken.</summary>
public enum ReuseKind : byte
{
    /// <summary>A page got a new KeyID while lines of the old one could still be in a cache.</summary>
    Page,

    /// <summary>A KeyID was programmed again while lines written with its old key could still be in a cache.</summary>
    KeyId,
}

/// <summary>
/// A page or KeyID reused without the write-back the ABI asks for (D7); it has no effect on the data.
/// </summary>
/// <param name="Kind">Which rule.</param>
/// <param name="Page">Page address, or 0 for a KeyID.</param>
/// <param name="Old">KeyID of the stale lines.</param>
/// <param name="New">KeyID that replaces it.</param>
public readonly record struct ReuseReport(ReuseKind Kind, ulong Page, KeyId Old, KeyId New);

/// <summary>
/// Counts cache write-backs as epochs: what was written in the current epoch may still be dirty in some cache. Writes
/// through pinned pages are seen when the page is pinned, so the ledger may miss a violation but never invents one.
/// </summary>
public sealed class WriteBackLedger
{
    private const int MaxReports = 256;
    private readonly List<ReuseReport> reports = [];
    private readonly int packages;
    private ulong writtenBack;

    internal WriteBackLedger(int packages) => this.packages = packages;

    /// <summary>The first violations, in the order they happened.</summary>
    public IReadOnlyList<ReuseReport> Reports => reports;

    /// <summary>All violations.</summary>
    public long Count { get; private set; }

    internal uint Epoch { get; private set; } = 1;

    /// <summary>
    /// WBINVD, WBNOINVD or its last sub-block on a package; when all packages are through, nothing is dirty.
    /// </summary>
    public void PackageWrittenBack(int package)
    {
        writtenBack |= 1UL << package;
        if (writtenBack != (1UL << packages) - 1)
            return;
        writtenBack = 0;
        Epoch++;
    }

    internal void Report(in ReuseReport report)
    {
        Count++;
        if (reports.Count < MaxReports)
            reports.Add(report);
    }
}

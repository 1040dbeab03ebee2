using Seamsim.Firmware.Abi;
using Seamsim.Isa.Seam;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// The zero-step log of a virtual CPU: private pages that keep faulting while RIP stands still. Kept in TDVPS page 0.
/// TDX Module 1.5 base specification, "Zero-Step Attack Mitigation"; thresholds of module 1.5.01.
/// </summary>
/// <param name="Platform">The logical processor.</param>
/// <param name="Tdvps">TDVPS page 0, under the TD's HKID.</param>
internal readonly record struct EpfLog(ISeamPlatform Platform, Hpa Tdvps)
{
    /// <summary>Entries of LAST_EPF_GPA_LIST.</summary>
    public const int Capacity = 32;

    /// <summary>Faults at one RIP that are tolerated before pages are listed.</summary>
    public const int Threshold = 6;

    private const ulong IndexOffset = 0x1F8, CountOffset = 0x1F9, ListOffset = 0x700;
    private const ulong PageMask = ~0xFFFUL;

    /// <summary>LAST_EPF_GPA_LIST_IDX: how many pages are listed.</summary>
    public int Count => Platform.Read<byte>(Tdvps + IndexOffset);

    /// <summary>POSSIBLY_EPF_STEPPING: faults counted at this RIP, at most <see cref="Threshold"/>.</summary>
    public int Suspicion => Platform.Read<byte>(Tdvps + CountOffset);

    /// <summary>RIP moved since the last entry: there is progress.</summary>
    public void Reset()
    {
        Platform.Write<byte>(Tdvps + IndexOffset, 0);
        Platform.Write<byte>(Tdvps + CountOffset, 0);
    }

    /// <summary>A TD exit for the private page of <paramref name="gpa"/> at an unchanged RIP.</summary>
    public void Record(Gpa gpa)
    {
        if (Suspicion < Threshold)
        {
            Platform.Write(Tdvps + CountOffset, (byte)(Suspicion + 1));
            return;
        }
        int count = Count;
        ulong page = gpa.Value & PageMask;
        for (int i = 0; i < count; i++)
            if (Listed(i).Value == page)
                return;
        if (count == Capacity)
            return;
        Platform.Write(Slot(count), page);
        Platform.Write(Tdvps + IndexOffset, (byte)(count + 1));
    }

    /// <summary>
    /// TDH.VP.ENTER, with the SEPT tree held exclusively: the first listed page whose access would still leave the TD.
    /// </summary>
    /// <param name="tree">The TD's Secure EPT.</param>
    /// <param name="pendingVe">A pending page raises #VE in the TD and therefore does not exit.</param>
    /// <param name="gpa">The page.</param>
    public bool TryFindStillFaulting(SeptTree tree, bool pendingVe, out Gpa gpa)
    {
        int count = Count;
        for (int i = 0; i < count; i++)
        {
            gpa = Listed(i);
            SeptEntry entry = tree.Walk(gpa, 0).Entry;
            bool reachable = entry.IsLeaf && (entry.Raw & SeptEntry.Rwx) == SeptEntry.Rwx;
            if (!reachable && !(pendingVe && entry.Flags.PendingAcceptable))
                return true;
        }
        gpa = default;
        return false;
    }

    private Gpa Listed(int index) => new(Platform.Read<ulong>(Slot(index)));

    private Hpa Slot(int index) => Tdvps + ListOffset + 8 * (ulong)index;
}

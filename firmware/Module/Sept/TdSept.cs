using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// The Secure EPT as the host's memory leaves reach it: GPA rules, tree lock, walk, entry lock, and what a refusal
/// shows. TDX Module 1.5 ABI, "Secure EPT Walk" and "Secure EPT Entry Information".
/// </summary>
/// <param name="Call">The leaf's call.</param>
/// <param name="Tdr">The TD.</param>
internal readonly record struct TdSept(LeafCall Call, Tdr Tdr)
{
    private const int NarrowSharedBit = 47, WideSharedBit = 51;

    /// <summary>The TD's control structure.</summary>
    public Tdcs Tdcs => Tdr.Tdcs;

    /// <summary>The tree of the L1 VM.</summary>
    public SeptTree Tree => TreeOf(Call.P, Tdcs);

    /// <summary>The highest level: 3 with 4-level EPT, 4 with 5-level EPT.</summary>
    public int TopLevel => Tdcs.TopSeptLevel;

    /// <summary>The tree of a TD's L1 VM.</summary>
    public static SeptTree TreeOf(ISeamPlatform p, Tdcs tdcs) =>
        new(p, tdcs.Page(Tdcs.SeptRootPage), tdcs.TopSeptLevel);

    /// <summary>Whether <paramref name="gpa"/> is a private GPA of the TD's width.</summary>
    public static bool IsPrivate(Tdcs tdcs, Gpa gpa) => gpa.Value >> SharedBit(tdcs) == 0;

    /// <summary>Position of the shared bit: 51 with GPAW, else 47.</summary>
    public static int SharedBit(Tdcs tdcs) => tdcs.Gpaw ? WideSharedBit : NarrowSharedBit;

    /// <summary>
    /// GPA check, tree lock, walk to exactly the wanted level, entry lock. A refusal about an entry describes it in RCX
    /// and RDX.
    /// </summary>
    public TdxStatus Lock(GpaMapping at, LockMode tree, out SeptSlot slot)
    {
        slot = default;
        if (!IsPrivate(Tdcs, at.Gpa))
            return TdxStatus.OperandInvalid.With(OperandId.Rcx);
        if (!SharexLock.TryHold(Call.P, Tdcs.SeptLock, tree))
            return TdxStatus.OperandBusy.With(OperandId.SeptTree);
        TdxStatus found = Find(at, out slot);
        if (found.IsError)
            return found;
        return SeptEntryLock.TryTake(Call.P, ref slot) ? TdxStatus.Success : Refuse(TdxStatus.OperandBusy, slot);
    }

    /// <summary>The walk alone, for leaves that hold the TDR exclusively.</summary>
    public TdxStatus Find(GpaMapping at, out SeptSlot slot)
    {
        slot = Tree.Walk(at.Gpa, at.Level);
        return slot.Level == at.Level ? TdxStatus.Success : Refuse(TdxStatus.EptWalkFailed, slot);
    }

    /// <summary>Whether the leaf of this call works on an entry in this state.</summary>
    public bool Allows(SeptSlot slot) =>
        Call.Tables.SeptLeaves.Allows(LeafSide.Host, Call.Leaf, slot.Entry.State);

    /// <summary>BEPOCH of what the entry maps: the page of a leaf, the SEPT page of a non-leaf entry.</summary>
    public ulong BepochOf(SeptSlot slot) => TryFindPamt(slot, out PamtWord word) ? word.Bepoch : 0;

    /// <summary>Sets BEPOCH of what the entry maps.</summary>
    public void SetBepoch(SeptSlot slot, ulong epoch)
    {
        if (TryFindPamt(slot, out PamtWord word))
            word.Bepoch = epoch;
    }

    /// <summary>Describes the entry in RCX and RDX and gives the status its operand.</summary>
    public TdxStatus Refuse(TdxStatus status, SeptSlot slot)
    {
        Describe(slot);
        return status.With(OperandId.Rcx);
    }

    /// <summary>RCX: the architectural entry; RDX: level and public state.</summary>
    public void Describe(SeptSlot slot)
    {
        LeafCall call = Call;
        call.Rcx = slot.Entry.Architectural(slot.Level);
        call.Rdx = (uint)slot.Level | (ulong)slot.Entry.Flags.Public << 8;
    }

    /// <summary>
    /// Whether a mapping may go: when tracking is required the range must be blocked and out of every TLB.
    /// </summary>
    public TdxStatus CheckTracked(SeptSlot slot, ulong bepoch)
    {
        if (!TlbTracking.IsRequired(Tdcs, slot.Entry.State))
            return TdxStatus.Success;
        if (!slot.Entry.Flags.AnyBlocked)
            return Refuse(TdxStatus.GpaRangeNotBlocked, slot);
        return TlbTracking.IsDone(Tdcs, bepoch) ? TdxStatus.Success : TdxStatus.TlbTrackingNotDone.With(OperandId.Rcx);
    }

    // A private page always lies in a TDMR; its PAMT entry is reached without a lock, under the SEPT entry's.
    private bool TryFindPamt(SeptSlot slot, out PamtWord word)
    {
        SeptEntry entry = slot.Entry;
        ulong address = entry.IsLeaf ? entry.PageAddress(slot.Level) : entry.TableAddress;
        bool found = PamtIndex.TryFind(Call, new Hpa(address), out PamtIndex index);
        word = found ? index.At(entry.IsLeaf ? (PageLevel)slot.Level : PageLevel.Page4K) : default;
        return found;
    }
}

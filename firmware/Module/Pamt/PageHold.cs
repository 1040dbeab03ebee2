using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// A physical page held through the locks of its PAMT entries: the operand checks that every leaf shares. TDX Module
/// 1.5 base specification, "PAMT walk", and ABI, "explicit" and "implicit" operands. Disposing hands the releases to
/// the platform (they take effect when the entry ends, D8); <see cref="Keep"/> leaves the locks held.
/// </summary>
internal sealed class PageHold : IDisposable
{
    private readonly LeafCall call;
    private readonly KeyId globalKey;
    private PamtIndex index;
    private PamtWord parent1G, parent2M, entry;
    private int parents;
    private LockMode mode;

    private PageHold(LeafCall call, Hpa page, TdxStatus status)
    {
        this.call = call;
        Address = page;
        Status = status;
        globalKey = call.Data.GlobalKey;
    }

    /// <summary>Address of the page (or range), without KeyID.</summary>
    public Hpa Address { get; }

    /// <summary>Why the page could not be held; success when it is.</summary>
    public TdxStatus Status { get; private set; }

    /// <summary>Whether the page is not held.</summary>
    public bool Failed => Status.IsError;

    /// <summary>Size of the page the PAMT knows.</summary>
    public PageLevel Level { get; private set; }

    /// <summary>The PAMT entry.</summary>
    public PamtWord Entry => entry;

    /// <summary>The page as a TDR, reached with the TDX-global key.</summary>
    public Tdr View => new(call.P, call.P.Keys.WithKey(Address, globalKey));

    /// <summary>
    /// An explicit 4-KiB operand of a given type: alignment and address, TDMR, PAMT walk and locks, size, type.
    /// </summary>
    public static PageHold OfPage(LeafCall c, Hpa page, OperandId operand, LockMode mode, PageType type) =>
        OfPage(c, page, operand, mode, type, PageLevel.Page4K);

    /// <summary>As the other overload, for a page of a given size.</summary>
    public static PageHold OfPage(
        LeafCall c, Hpa page, OperandId operand, LockMode mode, PageType type, PageLevel size)
    {
        PageHold hold = OfAnyPage(c, page, operand, mode, size, stopAt: size);
        if (!hold.Failed && (hold.Level != size || hold.entry.Type != type))
            hold.Fail(TdxStatus.PageMetadataIncorrect.With(operand));
        return hold;
    }

    /// <summary>An explicit TDR operand.</summary>
    public static PageHold OfTdr(LeafCall c, Hpa page, OperandId operand, LockMode mode) =>
        OfPage(c, page, operand, mode, PageType.Tdr);

    /// <summary>An explicit operand that names a free 4-KiB page to be given to the module.</summary>
    public static PageHold OfFreePage(LeafCall c, Hpa page, OperandId operand) =>
        OfPage(c, page, operand, LockMode.Exclusive, PageType.Nda);

    /// <summary>An explicit 4-KiB aligned operand, walked to whatever leaf the PAMT has.</summary>
    public static PageHold OfAnyPage(LeafCall c, Hpa page, OperandId operand, LockMode mode) =>
        OfAnyPage(c, page, operand, mode, PageLevel.Page4K, stopAt: PageLevel.Page4K);

    /// <summary>
    /// An implicit TDR operand: the owner of a page that is already held. Only its own PAMT entry is locked, not the
    /// levels above; busy is reported about TDR.
    /// </summary>
    public static PageHold OfOwner(LeafCall c, PageHold page, LockMode mode) =>
        OfEntry(c, page.entry.Owner, PageLevel.Page4K, mode, OperandId.Tdr);

    /// <summary>
    /// An implicit operand at a known level (a SEPT page, a mapped page): only its own PAMT entry is locked; busy is
    /// reported about <paramref name="operand"/>.
    /// </summary>
    public static PageHold OfEntry(LeafCall c, Hpa page, PageLevel level, LockMode mode, OperandId operand)
    {
        PageHold hold = new(c, page, TdxStatus.Success);
        if (!PamtIndex.TryFind(c, page, out hold.index))
        {
            hold.Status = TdxStatus.OperandAddrRangeError.With(operand);
            return hold;
        }
        hold.Level = level;
        hold.entry = hold.index.At(level);
        if (HostPriorityLock.TryAcquire(c.P, hold.entry.Address, mode) == LockResult.Acquired)
            hold.mode = mode;
        else
            hold.Status = TdxStatus.OperandBusy.With(operand);
        return hold;
    }

    /// <summary>
    /// Takes over a 4-KiB page hold (with its parents) that an earlier entry left held with <see cref="Keep"/>.
    /// </summary>
    public static PageHold Resume(LeafCall c, Hpa page, LockMode mode, bool withParents)
    {
        PageHold hold = new(c, page, TdxStatus.Success);
        PamtIndex.TryFind(c, page, out hold.index);
        hold.mode = mode;
        hold.entry = hold.index.At(PageLevel.Page4K);
        if (!withParents)
            return hold;
        hold.parent1G = hold.index.At(PageLevel.Page1G);
        hold.parent2M = hold.index.At(PageLevel.Page2M);
        hold.parents = 2;
        return hold;
    }

    /// <summary>Whether every page of the next smaller size inside this range has a type.</summary>
    public bool AllChildrenAre(PageType type) => index.AllChildrenAre(Level, type);

    /// <summary>Gives the page a type and an owner (a TDR page; default for none).</summary>
    public void Become(PageType type, Hpa owner = default) =>
        entry.Assign(type, new Hpa(call.P.Keys.LineOf(owner)));

    /// <summary>Leaves every lock held when the entry ends.</summary>
    public void Keep() => (mode, parents) = (LockMode.None, 0);

    /// <inheritdoc/>
    public void Dispose()
    {
        ISeamPlatform p = call.P;
        if (mode != LockMode.None)
            p.ReleaseAtEnd(HostPriorityLock.Release(entry.Address, mode));
        if (parents > 1)
            p.ReleaseAtEnd(HostPriorityLock.Release(parent2M.Address, LockMode.Shared));
        if (parents > 0)
            p.ReleaseAtEnd(HostPriorityLock.Release(parent1G.Address, LockMode.Shared));
        Keep();
    }

    private static PageHold OfAnyPage(
        LeafCall c, Hpa page, OperandId operand, LockMode mode, PageLevel alignment, PageLevel stopAt)
    {
        c.P.Charge(Isa.Ports.Operation.OperandCheck);
        ulong low = (1UL << PamtIndex.Shift(alignment)) - 1;
        if ((page.Value & (low | ~c.P.Keys.AddressMask)) != 0)
            return new PageHold(c, page, TdxStatus.OperandInvalid.With(operand));

        PageHold hold = new(c, page, TdxStatus.Success);
        if (!PamtIndex.TryFind(c, page, out hold.index))
            hold.Status = TdxStatus.OperandAddrRangeError.With(operand);
        else if (!hold.Walk(stopAt, mode))
            hold.Fail(TdxStatus.OperandBusy.With(operand));
        return hold;
    }

    // 1G shared, 2M shared, 4K in the wanted mode; a REG entry on the way, or the wanted size, ends the walk.
    private bool Walk(PageLevel stopAt, LockMode wanted)
    {
        for (PageLevel level = PageLevel.Page1G; ; level--)
        {
            PamtWord word = index.At(level);
            bool last = level == PageLevel.Page4K;
            LockMode first = last ? wanted : LockMode.Shared;
            if (HostPriorityLock.TryAcquire(call.P, word.Address, first) != LockResult.Acquired)
                return false;
            if (last || level == stopAt || word.Type == PageType.Reg)
                return End(level, word, first, wanted);
            if (level == PageLevel.Page1G)
                parent1G = word;
            else
                parent2M = word;
            parents++;
        }
    }

    private bool End(PageLevel level, PamtWord word, LockMode have, LockMode wanted)
    {
        (Level, entry, mode) = (level, word, have);
        if (have == wanted)
            return true;
        if (!HostPriorityLock.TryPromote(call.P, word.Address))
            return false;
        mode = wanted;
        return true;
    }

    private void Fail(TdxStatus status)
    {
        Dispose();
        Status = status;
    }
}

using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>
/// The checks of one TDMR against itself, the earlier ones and the CMRs, in the module's order. TDX Module 1.5 ABI,
/// "TDH.SYS.CONFIG Leaf". Details of a refusal: TDMR index, reserved area or PAMT level, other TDMR, one byte each.
/// </summary>
internal static class TdmrCheck
{
    private const ulong PageMask = 0xFFF, GigabyteMask = (1UL << 30) - 1;
    private static readonly PageLevel[] LargestFirst = [PageLevel.Page1G, PageLevel.Page2M, PageLevel.Page4K];
    private static readonly PageLevel[] SmallestFirst = [PageLevel.Page4K, PageLevel.Page2M, PageLevel.Page1G];

    /// <summary>Checks the last of <paramref name="tdmrs"/>; the others have been accepted.</summary>
    public static TdxStatus Check(List<TdmrDescription> tdmrs, Cmr[] cmrs, ulong addressMask)
    {
        int i = tdmrs.Count - 1;
        if (CheckRange(tdmrs, i, addressMask) is { IsError: true } range)      return range;
        if (CheckReserved(tdmrs[i], i) is { IsError: true } reserved)          return reserved;
        if (CheckPamts(tdmrs[i], i, addressMask) is { IsError: true } pamts)   return pamts;
        if (CheckPamtsApart(tdmrs, i) is { IsError: true } apart)              return apart;
        if (CheckPamtsOutsideTdmrs(tdmrs, i) is { IsError: true } outside)     return outside;
        return CheckCmrs(tdmrs[i], i, cmrs);
    }

    private static TdxStatus CheckRange(List<TdmrDescription> tdmrs, int i, ulong addressMask)
    {
        AddressRange range = tdmrs[i].Range;
        if (range.Wraps)
            return TdxStatus.InvalidTdmr.With(Details(i));
        if (i > 0 && (range.Start < tdmrs[i - 1].Range.Start || range.Start < tdmrs[i - 1].Range.End))
            return TdxStatus.NonOrderedTdmr.With(Details(i));
        bool bad = ((range.Start | range.Size) & GigabyteMask) != 0 || range.Size == 0 || IsBeyond(range, addressMask);
        return bad ? TdxStatus.InvalidTdmr.With(Details(i)) : TdxStatus.Success;
    }

    private static TdxStatus CheckReserved(TdmrDescription tdmr, int i)
    {
        AddressRange previous = default;
        for (int j = 0; j < tdmr.Reserved.Length; j++)
        {
            AddressRange area = tdmr.Reserved[j];
            if (area.Size == 0)
            {
                if (j + 1 < tdmr.Reserved.Length && tdmr.Reserved[j + 1].Size != 0)
                    return TdxStatus.NonOrderedReservedInTdmr.With(Details(i, j));
                continue;
            }
            if (area.Wraps)
                return TdxStatus.InvalidReservedInTdmr.With(Details(i, j));
            if (area.Start < previous.Start || area.Start < previous.End)
                return TdxStatus.NonOrderedReservedInTdmr.With(Details(i, j));
            if (((area.Start | area.Size) & PageMask) != 0 || area.End > tdmr.Range.Size)
                return TdxStatus.InvalidReservedInTdmr.With(Details(i, j));
            previous = area;
        }
        return TdxStatus.Success;
    }

    private static TdxStatus CheckPamts(TdmrDescription tdmr, int i, ulong addressMask)
    {
        foreach (PageLevel level in LargestFirst)
        {
            AddressRange pamt = tdmr.Pamt(level);
            bool bad = pamt.Wraps || ((pamt.Start | pamt.Size) & PageMask) != 0 || IsBeyond(pamt, addressMask)
                || pamt.Size < tdmr.NeededPamtBytes(level);
            if (bad)
                return TdxStatus.InvalidPamt.With(Details(i, (int)level));
        }
        return TdxStatus.Success;
    }

    // Against the PAMTs of every earlier TDMR, then against each other.
    private static TdxStatus CheckPamtsApart(List<TdmrDescription> tdmrs, int i)
    {
        TdmrDescription own = tdmrs[i];
        for (int j = 0; j < i; j++)
            foreach (PageLevel mine in SmallestFirst)
                foreach (PageLevel theirs in SmallestFirst)
                    if (own.Pamt(mine).Overlaps(tdmrs[j].Pamt(theirs)))
                        return TdxStatus.PamtOverlap.With(Details(i, (int)mine, j));

        AddressRange small = own.Pamt(PageLevel.Page4K), medium = own.Pamt(PageLevel.Page2M),
            large = own.Pamt(PageLevel.Page1G);
        if (small.Overlaps(medium) || small.Overlaps(large))
            return TdxStatus.PamtOverlap.With(Details(i, (int)PageLevel.Page4K, i));
        return medium.Overlaps(large)
            ? TdxStatus.PamtOverlap.With(Details(i, (int)PageLevel.Page2M, i))
            : TdxStatus.Success;
    }

    // A PAMT may only lie in reserved areas of any TDMR.
    private static TdxStatus CheckPamtsOutsideTdmrs(List<TdmrDescription> tdmrs, int i)
    {
        for (int j = 0; j <= i; j++)
        {
            foreach (PageLevel level in SmallestFirst)
            {
                if (OverlapsUsable(tdmrs[j], tdmrs[i].Pamt(level)))
                    return TdxStatus.PamtOverlap.With(Details(i, (int)level, j));
                if (j < i && OverlapsUsable(tdmrs[i], tdmrs[j].Pamt(level)))
                    return TdxStatus.PamtOverlap.With(Details(j, (int)level, i));
            }
        }
        return TdxStatus.Success;
    }

    private static TdxStatus CheckCmrs(TdmrDescription tdmr, int i, Cmr[] cmrs)
    {
        foreach (PageLevel level in LargestFirst)
            if (!Cmr.Contain(cmrs, tdmr.Pamt(level).Start, tdmr.Pamt(level).Size))
                return TdxStatus.PamtOutsideCmrs.With(Details(i, (int)level));
        foreach (AddressRange part in tdmr.Usable())
            if (!Cmr.Contain(cmrs, part.Start, part.Size))
                return TdxStatus.TdmrOutsideCmrs.With(Details(i));
        return TdxStatus.Success;
    }

    private static bool OverlapsUsable(TdmrDescription tdmr, AddressRange range)
    {
        foreach (AddressRange part in tdmr.Usable())
            if (part.Overlaps(range))
                return true;
        return false;
    }

    private static bool IsBeyond(AddressRange range, ulong addressMask) =>
        (range.Start & ~addressMask) != 0 || (range.End - 1 & ~addressMask) != 0;

    private static uint Details(int tdmr, int part = 0, int other = 0) => (uint)(tdmr | part << 8 | other << 16);
}

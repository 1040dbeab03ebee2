using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.MEM.PAGE.REMOVE (leaf 29) — take a private page away from a TD. TDX Module 1.5 ABI,
/// "TDH.MEM.PAGE.REMOVE Leaf".
/// </summary>
internal static class TdhMemPageRemove
{
    private const int MigEpochOffset = 0x58C;

    /// <summary>Runs the leaf.</summary>
    public static LeafEnd Execute(LeafCall c)
    {
        (ulong mapping, ulong tdrPa) = (c.Rcx, c.Rdx);
        (c.Rcx, c.Rdx) = (0, 0);

        using PageHold tdr = PageHold.OfTdr(c, (Hpa)tdrPa, OperandId.Rdx, LockMode.Shared);
        if (tdr.Failed) return tdr.Status;
        using OpStateHold state = TdState.Check(c, tdr.View, LockMode.Shared);
        if (state.Failed) return state.Status;

        TdSept sept = new(c, tdr.View);
        if (!GpaMapping.TryParse(mapping, 0, 2, out GpaMapping at)) return TdxStatus.OperandInvalid.With(OperandId.Rcx);
        TdxStatus found = sept.Lock(at, LockMode.Shared, out SeptSlot slot);
        if (found.IsError) return found;
        if (!sept.Allows(slot)) return sept.Refuse(TdxStatus.EptEntryStateIncorrect, slot);

        ulong address = slot.Entry.PageAddress(at.Level);
        using PageHold page = PageHold.OfEntry(
            c, new Hpa(address), (PageLevel)at.Level, LockMode.Exclusive, OperandId.Rcx);
        if (page.Failed) return page.Status;
        TdxStatus tracked = sept.CheckTracked(slot, page.Entry.Bepoch);
        if (tracked.IsError) return tracked;

        // Commit: from here on the leaf cannot fail.
        new L2Sept(c.P, sept.Tdcs).FreeAliases(slot, at.Gpa);
        SeptEntryLock.Store(c.P, slot, LeftBehind(c, sept.Tdcs));
        page.Become(PageType.Nda);
        tdr.View.AddChildren(-GpaMapping.PagesAt(at.Level));
        c.Rcx = address;
        return TdxStatus.Success;
    }

    // An import must not bring a page back that is older than its removal: the entry remembers the migration epoch.
    private static SeptEntry LeftBehind(LeafCall c, Tdcs tdcs) =>
        tdcs.OpState is >= OpState.MemoryImport and <= OpState.LiveImport
            ? SeptEntry.RemovedIn(c.P.Read<uint>(tdcs.Field(MigEpochOffset)))
            : SeptEntry.Free;
}

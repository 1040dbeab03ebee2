using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDG.MEM.PAGE.ATTR.WR (leaf 24) — say what the L2 VMs may do with a page, which gives or takes their aliases of it.
/// TDX Module 1.5 ABI, "TDG.MEM.PAGE.ATTR.WR Leaf".
/// </summary>
internal static class TdgMemPageAttrWr
{
    private const int Leaf = 24, MaxLevel = 2;
    private const ulong Pending = 1UL << 62;

    /// <summary>Runs the leaf.</summary>
    public static GuestLeafEnd Execute(GuestCall c) => PageAttributeOperands.Finish(c, Run(c));

    private static GuestLeafEnd Run(GuestCall c)
    {
        LeafCall call = c.Call;
        PageAttributes wanted = new(call.Rdx);
        AttributeFlags flags = new(call.R8);
        if (CheckWords(c.Tdcs, wanted, flags) is { IsError: true } words) return words;
        if (!GpaMapping.TryParse(call.Rcx, 0, MaxLevel, out GpaMapping at) || !TdSept.IsPrivate(c.Tdcs, at.Gpa))
            return TdxStatus.OperandInvalid.With(OperandId.Rcx);

        SeptSlot slot = TdSept.TreeOf(call.P, c.Tdcs).Walk(at.Gpa, at.Level);
        if (slot.Level != at.Level)                        return Exit(at, slot);
        TdxStatus locked = SeptEntryLock.TakeAsGuest(call.P, ref slot);
        if (locked.IsError)                                return locked;
        if (!slot.Entry.IsLeaf && !slot.Entry.IsFree)      return TdxStatus.PageSizeMismatch.With((uint)slot.Level);
        if (!call.Tables.SeptLeaves.Allows(LeafSide.Guest, Leaf, slot.Entry.State)) return Exit(at, slot);

        AliasChanges changes = new(c, at, slot);
        if (changes.Prepare(wanted, flags) is { } refused) return refused;

        // Commit: from here on the leaf cannot fail.
        changes.Commit();
        for (int vm = 1; vm <= c.Tdcs.NumL2Vms; vm++)
            if (flags[vm].Invept)
                TdTranslations.Invalidate(call.P, c.Tdr, vm);
        call.Rcx |= slot.Entry.Flags.AnyPending ? Pending : 0;
        call.Rdx = changes.Attributes.Raw;
        return TdxStatus.Success;
    }

    // L1 and VMs that do not exist have no attributes; a word that says something is valid.
    private static TdxStatus CheckWords(Tdcs tdcs, PageAttributes wanted, AttributeFlags flags)
    {
        int vms = tdcs.NumL2Vms;
        for (int vm = 0; vm <= Tdcs.MaxL2Vms; vm++)
        {
            bool exists = vm != 0 && vm <= vms;
            if (wanted[vm].Word != 0 && !(exists && wanted[vm].IsValid))
                return TdxStatus.OperandInvalid.With(OperandId.Rdx);
            if (flags[vm].Word != 0 && !exists)
                return TdxStatus.OperandInvalid.With(OperandId.R8);
        }
        return TdxStatus.Success;
    }

    private static GuestLeafEnd Exit(GpaMapping at, SeptSlot slot) =>
        PrivateEptViolation.OfEntry(ExtendedQualificationType.AttrWr, at, slot);
}

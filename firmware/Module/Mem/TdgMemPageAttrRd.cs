using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDG.MEM.PAGE.ATTR.RD (leaf 23) — read what the L2 VMs may do with a page. TDX Module 1.5 ABI,
/// "TDG.MEM.PAGE.ATTR.RD Leaf".
/// </summary>
internal static class TdgMemPageAttrRd
{
    private const int Leaf = 23;
    private const ulong Pending = 1UL << 62, PageMask = ~0xFFFUL;

    /// <summary>Runs the leaf.</summary>
    public static GuestLeafEnd Execute(GuestCall c) => PageAttributeOperands.Finish(c, Run(c));

    private static GuestLeafEnd Run(GuestCall c)
    {
        LeafCall call = c.Call;
        Gpa gpa = new(call.Rcx & PageMask);
        if (!TdSept.IsPrivate(c.Tdcs, gpa)) return TdxStatus.OperandInvalid.With(OperandId.Rcx);

        SeptSlot slot = TdSept.TreeOf(call.P, c.Tdcs).Walk(gpa, 0);
        TdxStatus locked = SeptEntryLock.TakeAsGuest(call.P, ref slot);
        if (locked.IsError)                 return locked;
        if (!call.Tables.SeptLeaves.Allows(LeafSide.Guest, Leaf, slot.Entry.State))
            return GuestLeafEnd.EptViolationExit(gpa, 0, 0);

        // Commit: from here on the leaf cannot fail.
        PageAttributes attributes = default;
        L2Sept l2 = new(call.P, c.Tdcs);
        for (int vm = 1; vm <= c.Tdcs.NumL2Vms; vm++)
            if (slot.Entry.HasAlias(vm))
                attributes = attributes.With(vm, l2.AttributesOf(slot, vm, gpa));
        ulong start = gpa.Value & ~(GpaMapping.BytesAt(slot.Level) - 1);
        call.Rcx = start | (uint)slot.Level | (slot.Entry.Flags.AnyPending ? Pending : 0);
        call.Rdx = attributes.Raw;
        return TdxStatus.Success;
    }
}

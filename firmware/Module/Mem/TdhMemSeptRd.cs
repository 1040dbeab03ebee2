using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>TDH.MEM.SEPT.RD (leaf 25) — read a Secure-EPT entry. TDX Module 1.5 ABI, "TDH.MEM.SEPT.RD Leaf".</summary>
internal static class TdhMemSeptRd
{
    private const ulong ReadL2Attributes = 1;

    /// <summary>Runs the leaf.</summary>
    public static LeafEnd Execute(LeafCall c)
    {
        (ulong mapping, ulong tdrAndFlags) = (c.Rcx, c.Rdx);
        (c.Rcx, c.Rdx) = (0, 0);
        bool withL2 = (tdrAndFlags & ReadL2Attributes) != 0;

        using PageHold tdr = PageHold.OfTdr(
            c, (Hpa)(tdrAndFlags & ~ReadL2Attributes), OperandId.Rdx, LockMode.Shared);
        if (tdr.Failed) return tdr.Status;
        using OpStateHold state = TdState.Check(c, tdr.View, LockMode.Shared);
        if (state.Failed) return state.Status;

        TdSept sept = new(c, tdr.View);
        if (withL2 && !sept.Tdcs.IsDebug) return TdxStatus.OperandInvalid.With(OperandId.Rdx);
        if (!GpaMapping.TryParse(mapping, 0, sept.TopLevel, out GpaMapping at))
            return TdxStatus.OperandInvalid.With(OperandId.Rcx);
        TdxStatus found = sept.Lock(at, LockMode.Shared, out SeptSlot slot);
        if (found.IsError) return found;

        // Commit: from here on the leaf cannot fail.
        sept.Describe(slot);
        if (withL2)
            c.R8 = Attributes(new L2Sept(c.P, sept.Tdcs), slot, at);
        return TdxStatus.Success;
    }

    private static ulong Attributes(L2Sept l2, SeptSlot slot, GpaMapping at)
    {
        PageAttributes words = default;
        for (int vm = 1; vm <= Tdcs.MaxL2Vms; vm++)
            if (slot.Entry.IsLeaf && slot.Entry.HasAlias(vm))
                words = words.With(vm, l2.AttributesOf(slot, vm, at.Gpa));
        return words.Raw;
    }
}

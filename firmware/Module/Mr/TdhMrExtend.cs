using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.MR.EXTEND (leaf 16) — measure 256 bytes of a page into MRTD. TDX Module 1.5 ABI, "TDH.MR.EXTEND Leaf".
/// </summary>
internal static class TdhMrExtend
{
    /// <summary>Runs the leaf.</summary>
    public static LeafEnd Execute(LeafCall c)
    {
        (ulong chunk, ulong tdrPa) = (c.Rcx, c.Rdx);
        (c.Rcx, c.Rdx) = (0, 0);

        using PageHold tdr = PageHold.OfTdr(c, (Hpa)tdrPa, OperandId.Rdx, LockMode.Exclusive);
        if (tdr.Failed) return tdr.Status;
        using OpStateHold state = TdState.Check(c, tdr.View, LockMode.None);
        if (state.Failed) return state.Status;

        TdSept sept = new(c, tdr.View);
        var gpa = new Gpa(chunk);
        if ((chunk & (MrTd.ChunkBytes - 1)) != 0) return TdxStatus.OperandInvalid.With(OperandId.Rcx);
        if (!TdSept.IsPrivate(sept.Tdcs, gpa))    return TdxStatus.OperandInvalid.With(OperandId.Rcx);
        SeptSlot slot = sept.Tree.Walk(gpa, 0);
        if (!slot.Entry.IsLeaf || !slot.Entry.IsPresent) return sept.Refuse(TdxStatus.EptEntryNotPresent, slot);
        if (!sept.Allows(slot))                          return TdxStatus.EptEntryNotPresent;

        // Commit: from here on the leaf cannot fail.
        ulong inPage = chunk & (GpaMapping.BytesAt(slot.Level) - 1);
        Hpa memory = tdr.View.Private(new Hpa(slot.Entry.PageAddress(slot.Level) + inPage));
        new MrTd(c.P, sept.Tdcs.Sha384Context).ExtendChunk(gpa, memory);
        return TdxStatus.Success;
    }
}

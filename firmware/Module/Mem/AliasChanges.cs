using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>
/// What TDG.MEM.PAGE.ATTR.WR does to the aliases of a page whose L1 entry is locked: all VMs are looked at before the
/// first is changed. TDX Module 1.5 TD partitioning specification, "GPA attributes".
/// </summary>
internal sealed class AliasChanges(GuestCall c, GpaMapping at, SeptSlot l1)
{
    private const string AttributeMask = "GUEST_L2_GPA_ATTR_MASK";
    private const ulong EptViolationOnWalkFailure = 1;

    private readonly L2Sept l2 = new(c.Call.P, c.Tdcs);
    private readonly L2SeptSlot?[] slots = new L2SeptSlot?[Tdcs.MaxL2Vms + 1];

    /// <summary>The attributes as they are (or, after a refusal for illegal ones, would have been).</summary>
    public PageAttributes Attributes { get; private set; }

    /// <summary>
    /// Puts the wanted attributes over the present ones; how the leaf ends when that cannot be, or null.
    /// </summary>
    public GuestLeafEnd? Prepare(PageAttributes wanted, AttributeFlags flags)
    {
        ulong mask = SystemMetadata.Value(c.Call, AttributeMask);
        bool legal = true;
        for (int vm = 1; vm <= c.Tdcs.NumL2Vms; vm++)
        {
            if (!wanted[vm].IsValid)
                continue;
            bool aliased = l1.Entry.HasAlias(vm);
            if (aliased)
                slots[vm] = l2.Walk(vm, at.Gpa, at.Level);
            VmAttributes current = slots[vm]?.Entry.AttributesUnder(l1.Entry) ?? default;
            VmAttributes combined = wanted[vm].Over(current, flags[vm].Mask).AsValid();
            bool fits = !combined.IsPresent || combined.IsLegal(mask);
            legal &= fits;
            Attributes = Attributes.With(vm, fits ? combined : current);
            if (!aliased && fits && combined.IsPresent && Reach(vm) is { } refused)
                return refused;
        }
        if (legal)
            return null;
        LeafCall call = c.Call;
        (call.Rcx, call.Rdx) = (0, Attributes.Raw);
        return TdxStatus.PageAttrInvalid;
    }

    /// <summary>Rewrites, removes and makes aliases.</summary>
    public void Commit()
    {
        SeptEntry entry = l1.Entry;
        for (int vm = 1; vm <= Tdcs.MaxL2Vms; vm++)
        {
            if (slots[vm] is not { } slot)
                continue;
            VmAttributes attributes = Attributes[vm];
            if (!attributes.IsPresent)
                Attributes = Attributes.With(vm, default(VmAttributes).AsValid());
            l2.Store(slot, Changed(slot, attributes));
            entry = entry.WithAlias(vm, attributes.IsPresent);
        }
        if (entry != l1.Entry)
            SeptEntryLock.Store(c.Call.P, l1, entry);
    }

    private L2SeptEntry Changed(L2SeptSlot slot, VmAttributes attributes)
    {
        if (!attributes.IsPresent)
            return L2SeptEntry.Free;
        return l1.Entry.HasAlias(slot.Vm)
            ? slot.Entry.With(attributes)
            : L2SeptEntry.Leaf(l1.Entry.PageAddress(l1.Level), attributes, l1.Entry.Flags.AnyPending);
    }

    // A new alias needs the VM's SEPT pages down to its level; who hears of a missing one is the host's choice.
    private GuestLeafEnd? Reach(int vm)
    {
        L2SeptSlot slot = l2.Walk(vm, at.Gpa, at.Level);
        slots[vm] = slot;
        if (slot.Level == at.Level)
            return null;
        return (c.Tdcs.VmCtls(vm) & EptViolationOnWalkFailure) != 0
            ? PrivateEptViolation.OfL2Entry(at, slot)
            : TdxStatus.L2SeptWalkFailed.With(L2Sept.Details(slot));
    }
}

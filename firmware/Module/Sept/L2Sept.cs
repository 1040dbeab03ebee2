using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>Where a walk of an L2 Secure EPT ended.</summary>
/// <param name="Address">The entry, under the TD's HKID.</param>
/// <param name="Entry">The entry as read.</param>
/// <param name="Level">Its level.</param>
/// <param name="Vm">The L2 VM, 1..3.</param>
internal readonly record struct L2SeptSlot(Hpa Address, L2SeptEntry Entry, int Level, int Vm);

/// <summary>
/// The L2 Secure EPTs of a TD. Their entries are reached while the lock of the L1 entry for the same range is held.
/// TDX Module 1.5 TD partitioning specification, "L2 Secure EPT".
/// </summary>
/// <param name="Platform">The logical processor that walks.</param>
/// <param name="Tdcs">The TD.</param>
internal readonly record struct L2Sept(ISeamPlatform Platform, Tdcs Tdcs)
{
    /// <summary>Walks towards the entry of <paramref name="level"/>; stops as the L1 walk does.</summary>
    public L2SeptSlot Walk(int vm, Gpa gpa, int level)
    {
        Hpa root = Tdcs.Page(Tdcs.FirstL2SeptRootPage + vm - 1);
        Hpa table = root;
        for (int at = Tdcs.TopSeptLevel; ; at--)
        {
            Platform.Charge(Operation.SeptWalkLevel);
            Hpa address = table + 8 * ((gpa.Value >> (12 + 9 * at)) & 511);
            var entry = new L2SeptEntry(Platform.Read<ulong>(address));
            if (at <= level || !entry.IsPresent || entry.IsLeaf)
                return new L2SeptSlot(address, entry, at, vm);
            table = Platform.Keys.WithKey(new Hpa(entry.TableAddress), Platform.Keys.KeyOf(root));
        }
    }

    /// <summary>Writes an entry.</summary>
    public void Store(L2SeptSlot slot, L2SeptEntry entry) => Platform.Write(slot.Address, entry.Raw);

    /// <summary>Frees every alias of a leaf.</summary>
    public void FreeAliases(SeptSlot l1, Gpa gpa)
    {
        for (int vm = 1; vm <= Tdcs.MaxL2Vms; vm++)
            if (l1.Entry.HasAlias(vm))
                Store(Walk(vm, gpa, l1.Level), L2SeptEntry.Free);
    }

    /// <summary>Blocks every alias of a range that is being blocked.</summary>
    public void BlockAliases(SeptSlot l1, Gpa gpa)
    {
        for (int vm = 1; vm <= Tdcs.MaxL2Vms; vm++)
        {
            if (!l1.Entry.HasAlias(vm))
                continue;
            L2SeptSlot slot = Walk(vm, gpa, l1.Level);
            Store(slot, slot.Entry.Block(l1.Entry.Flags.AnyBlockedW));
        }
    }

    /// <summary>Unblocks every alias of a range that becomes accessible.</summary>
    public void UnblockAliases(SeptSlot l1, Gpa gpa)
    {
        for (int vm = 1; vm <= Tdcs.MaxL2Vms; vm++)
        {
            if (!l1.Entry.HasAlias(vm))
                continue;
            L2SeptSlot slot = Walk(vm, gpa, l1.Level);
            Store(slot, slot.Entry.Unblock());
        }
    }

    /// <summary>What an L2 VM may do with a page that it has an alias of.</summary>
    public VmAttributes AttributesOf(SeptSlot l1, int vm, Gpa gpa) =>
        Walk(vm, gpa, l1.Level).Entry.AttributesUnder(l1.Entry);

    /// <summary>RCX: the architectural L2 entry; RDX: level, public state and VM.</summary>
    public void Describe(LeafCall call, L2SeptSlot slot)
    {
        call.Rcx = slot.Entry.Architectural(Tdcs.IsDebug);
        call.Rdx = (uint)slot.Level | (ulong)L2SeptStates.PublicCode(slot.Entry.State) << 8 | (ulong)slot.Vm << 16;
    }

    /// <summary>The details of an L2 status: VM and level.</summary>
    public static uint Details(L2SeptSlot slot) => (uint)slot.Vm << 16 | (uint)slot.Level;
}

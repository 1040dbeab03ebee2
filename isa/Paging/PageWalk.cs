using Seamsim.Isa.State;

namespace Seamsim.Isa.Paging;

/// <summary>What is done to a linear address.</summary>
internal enum Access : byte
{
    Read, Write, Fetch,
}

/// <summary>A translated linear address.</summary>
/// <param name="Address">Host-physical address with its KeyID.</param>
/// <param name="Writable">A write needs no further check: permitted, and already dirty.</param>
/// <param name="Large">The translation covers more than 4 KiB.</param>
internal readonly record struct Translation(Hpa Address, bool Writable, bool Large);

/// <summary>Bits of page-fault error codes. SDM vol. 3A, 4.7.</summary>
internal static class PageFaultBit
{
    public const uint Present = 1, Write = 2, User = 4, Reserved = 8, Fetch = 16, Key = 32, ShadowStack = 64;
}

/// <summary>Bits of paging-structure entries. SDM vol. 3A, 4.5.</summary>
internal static class PageEntryBit
{
    public const ulong Present = 1 << 0, Writable = 1 << 1, User = 1 << 2, Accessed = 1 << 5, Dirty = 1 << 6;
    public const ulong Large = 1 << 7, NoExecute = 1UL << 63;

    /// <summary>Protection key of a leaf: bits 62:59.</summary>
    public const int KeyShift = 59;

    /// <summary>PSE-36: bits 20:13 of a 4-MiB entry are address bits 39:32, and bit 21 is reserved.</summary>
    public const ulong High4M = 0xFF << 13, Reserved4M = 1 << 21;

    /// <summary>Bits 51:12.</summary>
    public const ulong Address = 0x000F_FFFF_FFFF_F000;
}

/// <summary>
/// One walk of the paging structures. SDM vol. 3A, chapter 4: 4- and 5-level paging, PAE and 32-bit paging.
/// </summary>
/// <remarks>Accessed and dirty flags are set after the last check, so a faulting access leaves no mark.</remarks>
internal ref struct PageWalk
{
    private const int MaxLevels = 5;

    private readonly Core core;
    private readonly ulong linear;
    private readonly Access access;
    private readonly bool user;
    private readonly bool implicitly;
    private readonly bool shadow;
    private readonly bool wide;
    private Entries entries;
    private Entries addresses;
    private ulong writable, writableAbove, userPage, noExecute;

    public PageWalk(Core core, ulong linear, Access access, bool user, bool implicitly, bool shadow = false)
    {
        this.shadow = shadow;
        this.core = core;
        this.linear = linear;
        this.access = access;
        this.user = user;
        this.implicitly = implicitly;
        wide = (core.Control4 & Cr4Bit.Pae) != 0;
        writable = writableAbove = userPage = 1;
    }

    /// <summary>Translates; false leaves the fault recorded.</summary>
    public unsafe bool TryRun(out Translation translation)
    {
        translation = default;
        core.Walking.Current = 0;
        int level = Levels(), top = level;
        ulong table = core.Lp->Cr3 & (wide ? PageEntryBit.Address : 0xFFFF_F000);
        if (top == 3)
        {
            // PAE paging reads its first level when CR3 is loaded
            ulong pointer = core.Lp->Pdpte[(linear >> 30) & 3];
            if ((pointer & PageEntryBit.Present) == 0)
                return Fault(0);
            table = pointer & PageEntryBit.Address;
            level--;
        }
        for (; ; level--)
        {
            if (!TryReadEntry(table, level, out ulong entry))
                return false;
            if ((entry & PageEntryBit.Present) == 0)
                return Fault(0);
            bool leaf = IsLeaf(entry, level);
            if (HasReservedBits(entry, level, leaf, top))
                return Fault(PageFaultBit.Present | PageFaultBit.Reserved);
            Accumulate(entry, leaf);
            if (leaf)
                return Finish(entry, level, top, out translation);
            table = wide ? entry & PageEntryBit.Address : entry & 0xFFFF_F000;
        }
    }

    private readonly unsafe int Levels()
    {
        if ((core.Lp->Efer & EferBit.Lma) != 0)
            return (core.Lp->Cr4 & Cr4Bit.La57) != 0 ? 5 : 4;
        return wide ? 3 : 2;
    }

    private bool TryReadEntry(ulong table, int level, out ulong entry)
    {
        int bits = wide ? 9 : 10, bytes = wide ? 8 : 4;
        ulong index = (linear >> (12 + (bits * (level - 1)))) & ((1UL << bits) - 1);
        ulong at = table + (index * (ulong)bytes);
        entry = 0;
        addresses[level - 1] = at;
        if (!core.TryGuestPhysical(at, EptAccess.Read | EptAccess.PageWalk, linear, out EptResult physical))
            return physical.Status == EptStatus.ReservedBits && Fault(PageFaultBit.Present | PageFaultBit.Reserved);
        entry = wide
            ? core.Memory.Read<ulong>(physical.Address, core.InSeam, out _)
            : core.Memory.Read<uint>(physical.Address, core.InSeam, out _);
        entries[level - 1] = entry;
        core.Walking.Current++;
        return true;
    }

    private readonly unsafe bool IsLeaf(ulong entry, int level)
    {
        if (level == 1)
            return true;
        bool large = (entry & PageEntryBit.Large) != 0;
        if (!wide)
            return large && (core.Lp->Cr4 & Cr4Bit.Pse) != 0;
        return large && (level == 2 || (level == 3 && (core.Lp->Efer & EferBit.Lma) != 0));
    }

    private readonly unsafe bool HasReservedBits(ulong entry, int level, bool leaf, int top)
    {
        if (!wide)
            return leaf && level == 2 && (entry & PageEntryBit.Reserved4M) != 0;
        ulong reserved = ReservedAddressBits(entry);
        if ((core.Lp->Efer & EferBit.Nxe) == 0)
            reserved |= PageEntryBit.NoExecute;
        if (top == 3)
            reserved |= 0x7FFUL << 52;
        if (level >= 4)
            reserved |= PageEntryBit.Large;
        if (leaf && level > 1)
            reserved |= (1UL << (12 + (9 * (level - 1)))) - (1UL << 13);
        return (entry & reserved) != 0;
    }

    /// <summary>Bits above MAXPHYADDR; outside SEAM also every KeyID bit when the KeyID is private.</summary>
    private readonly ulong ReservedAddressBits(ulong entry)
    {
        Memory.KeyIdLayout keys = core.Memory.Keys;
        ulong beyond = PageEntryBit.Address & ~((1UL << keys.PhysicalAddressBits) - 1);
        bool isPrivate = !core.InSeam && keys.IsPrivate(keys.KeyOf(new Hpa(entry & PageEntryBit.Address)));
        return isPrivate ? beyond | (PageEntryBit.Address & ~keys.AddressMask) : beyond;
    }

    private void Accumulate(ulong entry, bool leaf)
    {
        writable &= entry >> 1 & 1;
        writableAbove &= leaf ? 1 : entry >> 1;
        userPage &= entry >> 2 & 1;
        noExecute |= wide ? entry >> 63 : 0;
    }

    private unsafe bool Finish(ulong entry, int level, int top, out Translation translation)
    {
        translation = default;
        if (!(shadow ? ShadowPermitted(entry) : Permitted(KeyForbids(entry))))
            return Fault(PageFaultBit.Present | (KeyForbids(entry) ? PageFaultBit.Key : 0));
        int shift = wide ? 12 + (9 * (level - 1)) : level == 1 ? 12 : 22;
        ulong offset = (1UL << shift) - 1;
        ulong physical = (entry & (wide ? PageEntryBit.Address : 0xFFFF_F000) & ~offset) | (linear & offset);
        if (!wide && level == 2)
            physical |= (entry & PageEntryBit.High4M) << 19;
        EptAccess kind = access switch
        {
            Access.Write => EptAccess.Write,
            Access.Fetch => EptAccess.Fetch,
            _ => EptAccess.Read,
        };
        uint references = core.Walking.Current;
        if (!SetFlags(level, top))
            return false;
        core.Walking.Current = references; // the entries were reached before; marking them is no part of the walk
        EptAccess page = userPage != 0 ? EptAccess.UserPage : EptAccess.None;
        if (!core.TryGuestPhysical(physical, kind | page, linear, out EptResult result))
            return result.Status == EptStatus.ReservedBits && Fault(PageFaultBit.Present | PageFaultBit.Reserved);
        bool dirty = (entries[level - 1] & PageEntryBit.Dirty) != 0 || access == Access.Write;
        bool mayWrite = dirty && !shadow && WritePermitted() && !KeyForbidsWrite(entry) && (result.Rights & EptRights.Write) != 0 &&
            (result.Dirty || access == Access.Write);
        translation = new Translation(result.Address, mayWrite, shift > 12);
        if (core.InNonRoot && core.Vmx.Seam)
            core.Walking.Finish();
        return true;
    }

    /// <summary>The page's protection key forbids this data access. SDM vol. 3A, 4.6.2.</summary>
    private readonly bool KeyForbids(ulong leaf) => access != Access.Fetch
        && ((core.KeyRights(leaf, userPage != 0) & 1) != 0 || (access == Access.Write && KeyForbidsWrite(leaf)));

    private readonly unsafe bool KeyForbidsWrite(ulong leaf) =>
        (core.KeyRights(leaf, userPage != 0) & 2) != 0 && (user || (core.Lp->Cr0 & Cr0Bit.Wp) != 0);

    /// <summary>
    /// A shadow-stack access: to a page whose leaf alone is read-only and which is dirty, of the access's own kind.
    /// SDM vol. 3A, 4.6.1.
    /// </summary>
    private readonly bool ShadowPermitted(ulong leaf) =>
        (leaf & (PageEntryBit.Writable | PageEntryBit.Dirty)) == PageEntryBit.Dirty && writableAbove != 0
        && user == (userPage != 0) && !KeyForbids(leaf);

    private readonly unsafe bool Permitted(bool keyForbids)
    {
        if (keyForbids)
            return false;
        ulong cr4 = core.Lp->Cr4;
        if (user && userPage == 0)
            return false;
        if (access == Access.Fetch)
            return !(noExecute != 0 && (core.Lp->Efer & EferBit.Nxe) != 0)
                && !(!user && userPage != 0 && (cr4 & Cr4Bit.Smep) != 0);
        bool smap = !user && userPage != 0 && (cr4 & Cr4Bit.Smap) != 0;
        if (smap && (implicitly || (core.Lp->Rflags & RflagsBit.Ac) == 0))
            return false;
        return access != Access.Write || WritePermitted();
    }

    private readonly unsafe bool WritePermitted() =>
        writable != 0 || (!user && (core.Lp->Cr0 & Cr0Bit.Wp) == 0);

    /// <summary>Sets the accessed flags of the entries used and the dirty flag of the last one.</summary>
    private bool SetFlags(int leaf, int top)
    {
        for (int level = top == 3 ? 2 : top; level >= leaf; level--) // PDPTEs of PAE paging have no such flags
        {
            ulong flags = PageEntryBit.Accessed | (level == leaf && access == Access.Write ? PageEntryBit.Dirty : 0);
            if ((entries[level - 1] & flags) == flags)
                continue;
            EptAccess update = EptAccess.Read | EptAccess.Write | EptAccess.PageWalk;
            if (!core.TryGuestPhysical(addresses[level - 1], update, linear, out EptResult physical))
                return false;
            ulong marked = entries[level - 1] | flags;
            if (wide)
                core.Memory.Write(physical.Address, marked, core.InSeam);
            else
                core.Memory.Write(physical.Address, (uint)marked, core.InSeam);
        }
        return true;
    }

    private readonly unsafe bool Fault(uint code)
    {
        if (access == Access.Write)
            code |= PageFaultBit.Write;
        if (user)
            code |= PageFaultBit.User;
        if (shadow)
            code |= PageFaultBit.ShadowStack;
        bool tellsFetch = (wide && (core.Lp->Efer & EferBit.Nxe) != 0) || (core.Lp->Cr4 & Cr4Bit.Smep) != 0;
        if (access == Access.Fetch && tellsFetch)
            code |= PageFaultBit.Fetch;
        core.Raise(Vector.PF, code, linear);
        return false;
    }

    [System.Runtime.CompilerServices.InlineArray(MaxLevels)]
    private struct Entries
    {
        private ulong first;
    }
}

using System.Buffers.Binary;
using Seamsim.Isa.Memory;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.Paging;

/// <summary>Bits of EPT paging-structure entries. SDM vol. 3C, tables 29-1 to 29-7.</summary>
internal static class EptEntry
{
    public const ulong Read = 1, Write = 2, Execute = 4, Rwx = 7, IgnorePat = 1 << 6, Leaf = 1 << 7, Accessed = 1 << 8,
        Dirty = 1 << 9, UserExecute = 1 << 10, Address = 0x000F_FFFF_FFFF_F000, SuppressVe = 1UL << 63;

    public static int MemoryType(ulong entry) => (int)(entry >> 3) & 7;
}

/// <summary>What a walk needs to know besides the address.</summary>
/// <param name="Root">EPTP or shared EPTP: address of the first table.</param>
/// <param name="Levels">4 or 5.</param>
/// <param name="Key">The TD's HKID for private walks: tables and pages are reached through it. Null: addresses
/// say.</param>
/// <param name="AccessedDirty">EPTP bit 6.</param>
/// <param name="ModeBasedExecute">Mode-based execute control for EPT.</param>
/// <param name="InSeam">A TD: memory may be reached through private KeyIDs.</param>
internal readonly record struct EptWalk(
    ulong Root, int Levels, KeyId? Key, bool AccessedDirty, bool ModeBasedExecute, bool InSeam);

/// <summary>How a walk ended.</summary>
internal enum EptWalkEnd : byte
{
    Ok, Violation, Misconfiguration, MachineCheck,
}

/// <summary>Result of a walk.</summary>
/// <param name="End">How it ended.</param>
/// <param name="Address">The translation.</param>
/// <param name="PageShift">Size of the page that maps it.</param>
/// <param name="Rights">Rights all entries grant.</param>
/// <param name="Entry">The last entry that was read.</param>
internal readonly record struct EptWalkResult(
    EptWalkEnd End, Hpa Address, int PageShift, EptRights Rights, ulong Entry);

/// <summary>The EPT page walk. SDM vol. 3C, 29.3.</summary>
internal readonly struct Ept(PhysicalMemory memory, VmxCapabilities capabilities, Core? observed = null)
{
    /// <summary>Translates <paramref name="gpa"/>; the rights are the caller's to compare with the access.</summary>
    public EptWalkResult Walk(in EptWalk walk, ulong gpa, bool write)
    {
        int topShift = 12 + 9 * walk.Levels;
        if (topShift < 52 && gpa >> topShift != 0)
            return new EptWalkResult(EptWalkEnd.Violation, default, topShift, EptRights.None, EptEntry.SuppressVe);
        ulong table = walk.Root & EptEntry.Address;
        EptRights rights = EptRights.All;
        for (int level = walk.Levels; ; level--)
        {
            int shift = 12 + 9 * (level - 1);
            Hpa at = Through(walk, table) + ((gpa >> shift) & 0x1FF) * 8;
            observed?.Probe?.Walked(observed, level, ept: true, write: false, at);
            if (!TryLoad(walk, at, out ulong entry))
                return new EptWalkResult(EptWalkEnd.MachineCheck, at, shift, EptRights.None, entry);
            ulong presence = EptEntry.Rwx | (walk.ModeBasedExecute ? EptEntry.UserExecute : 0);
            if ((entry & presence) == 0)
                return new EptWalkResult(EptWalkEnd.Violation, default, shift, EptRights.None, entry);
            bool leaf = level == 1 || (entry & EptEntry.Leaf) != 0;
            if (IsMisconfigured(walk, entry, level, leaf))
                return new EptWalkResult(EptWalkEnd.Misconfiguration, default, shift, EptRights.None, entry);
            rights &= RightsOf(walk, entry);
            bool dirty = leaf && write && (rights & EptRights.Write) != 0;
            entry = UpdateFlags(walk, at, level, entry, dirty);
            if (leaf)
                return new EptWalkResult(EptWalkEnd.Ok, Target(walk, entry, shift, gpa), shift, rights, entry);
            table = entry & EptEntry.Address;
        }
    }

    /// <summary>SDM vol. 3C, 29.3.3.1 "EPT misconfigurations".</summary>
    private bool IsMisconfigured(in EptWalk walk, ulong entry, int level, bool leaf)
    {
        ulong rwx = entry & EptEntry.Rwx;
        if ((rwx & (EptEntry.Read | EptEntry.Write)) == EptEntry.Write)
            return true;
        bool executable = (rwx & EptEntry.Execute) != 0 || walk.ModeBasedExecute && (entry & EptEntry.UserExecute) != 0;
        if ((rwx & EptEntry.Read) == 0 && executable && !capabilities.ExecuteOnly)
            return true;
        if ((entry & EptEntry.Address) >> capabilities.PhysicalAddressBits != 0)
            return true;
        if (IsForeignKey(walk, entry))
            return true;
        if (!leaf)
            return (entry & (level >= 4 ? 0xF8UL : 0x78UL)) != 0;
        if (level > 3 || level == 3 && (capabilities.EptVpid & (1UL << 17)) == 0)
            return true;
        ulong offset = (1UL << (12 + 9 * (level - 1))) - 1;
        return EptEntry.MemoryType(entry) is 2 or 3 or 7 || (entry & EptEntry.Address & offset) != 0;
    }

    // A private entry holds no KeyID; everybody else may use the shared ones only.
    private bool IsForeignKey(in EptWalk walk, ulong entry)
    {
        KeyId key = memory.Keys.KeyOf(new Hpa(entry & EptEntry.Address));
        return walk.Key is null ? memory.Keys.IsPrivate(key) : key != KeyId.Platform;
    }

    private static EptRights RightsOf(in EptWalk walk, ulong entry)
    {
        EptRights rights = (EptRights)(entry & (EptEntry.Read | EptEntry.Write));
        bool execute = (entry & EptEntry.Execute) != 0;
        if (execute)
            rights |= EptRights.SupervisorExecute;
        if (walk.ModeBasedExecute ? (entry & EptEntry.UserExecute) != 0 : execute)
            rights |= EptRights.UserExecute;
        return rights;
    }

    private ulong UpdateFlags(in EptWalk walk, Hpa at, int level, ulong entry, bool dirty)
    {
        if (!walk.AccessedDirty)
            return entry;
        ulong updated = entry | EptEntry.Accessed | (dirty ? EptEntry.Dirty : 0);
        if (updated == entry)
            return entry;
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, updated);
        memory.Write(at, bytes, walk.InSeam);
        observed?.Probe?.Walked(observed, level, ept: true, write: true, at);
        return updated;
    }

    private bool TryLoad(in EptWalk walk, Hpa at, out ulong entry)
    {
        Span<byte> bytes = stackalloc byte[8];
        MemoryResult result = memory.Read(at, bytes, walk.InSeam);
        entry = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        return result != MemoryResult.Poison;
    }

    private Hpa Target(in EptWalk walk, ulong entry, int shift, ulong gpa)
    {
        ulong offset = (1UL << shift) - 1;
        return Through(walk, (entry & EptEntry.Address & ~offset) | (gpa & offset));
    }

    private Hpa Through(in EptWalk walk, ulong address) =>
        walk.Key is { } key ? memory.Keys.WithKey(new Hpa(address), key) : new Hpa(address);
}

using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// The lock bit of a SEPT entry. A host leaf that meets it held asks for priority, and a guest leaf then backs off.
/// TDX Module 1.5 base specification, "Host-Priority Locks".
/// </summary>
internal static class SeptEntryLock
{
    private const ulong LockMask = 1UL << SeptEntry.LockBit;

    /// <summary>How a guest leaf's attempt ended.</summary>
    public enum GuestResult : byte
    {
        /// <summary>The lock is held until the end of the entry.</summary>
        Taken,

        /// <summary>Another leaf holds it.</summary>
        Busy,

        /// <summary>It is free, but a host leaf waits for it.</summary>
        HostPriority,
    }

    /// <summary>A host leaf's attempt. On success host priority is cleared and the entry read again.</summary>
    public static bool TryTake(ISeamPlatform p, ref SeptSlot slot)
    {
        if (p.BitTestAndSet(slot.Address, SeptEntry.LockBit))
        {
            p.BitTestAndSet(slot.Address, SeptEntry.HostPriorityBit);
            slot = slot with { Entry = Read(p, slot.Address) };
            return false;
        }
        p.ReleaseAtEnd(new LockRelease(slot.Address, 8, LockReleaseKind.ClearBits, LockMask));
        p.BitTestAndReset(slot.Address, SeptEntry.HostPriorityBit);
        slot = slot with { Entry = Read(p, slot.Address) };
        return true;
    }

    /// <summary>A guest leaf's attempt.</summary>
    public static GuestResult TryTakeAsGuest(ISeamPlatform p, ref SeptSlot slot)
    {
        SeptEntry seen = Read(p, slot.Address);
        if (seen.IsLocked)
            return GuestResult.Busy;
        if (seen.HasHostPriority)
            return GuestResult.HostPriority;
        ulong locked = seen.Locked().Raw;
        if (p.CompareExchange(slot.Address, seen.Raw, locked) != seen.Raw)
            return GuestResult.Busy;
        p.ReleaseAtEnd(new LockRelease(slot.Address, 8, LockReleaseKind.ClearBits, LockMask));
        slot = slot with { Entry = new SeptEntry(locked) };
        return GuestResult.Taken;
    }

    /// <summary>
    /// Writes a new entry under the held lock; the lock bit goes when the entry into the module ends.
    /// </summary>
    public static void Store(ISeamPlatform p, SeptSlot slot, SeptEntry entry) =>
        p.Write(slot.Address, entry.Locked().Raw);

    private static SeptEntry Read(ISeamPlatform p, Hpa address) => new(p.Read<ulong>(address));
}

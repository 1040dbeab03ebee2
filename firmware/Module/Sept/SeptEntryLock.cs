using Seamsim.Firmware.Abi;
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

    /// <summary>
    /// A guest leaf's attempt: OPERAND_BUSY when another leaf holds the lock, OPERAND_BUSY_HOST_PRIORITY when a host
    /// leaf waits for it; both are about RCX in every guest leaf.
    /// </summary>
    public static TdxStatus TakeAsGuest(ISeamPlatform p, ref SeptSlot slot)
    {
        SeptEntry seen = Read(p, slot.Address);
        if (seen.IsLocked)
            return TdxStatus.OperandBusy.With(OperandId.Rcx);
        if (seen.HasHostPriority)
            return TdxStatus.OperandBusyHostPriority.With(OperandId.Rcx);
        ulong locked = seen.Locked().Raw;
        if (p.CompareExchange(slot.Address, seen.Raw, locked) != seen.Raw)
            return TdxStatus.OperandBusy.With(OperandId.Rcx);
        p.ReleaseAtEnd(new LockRelease(slot.Address, 8, LockReleaseKind.ClearBits, LockMask));
        slot = slot with { Entry = new SeptEntry(locked) };
        return TdxStatus.Success;
    }

    /// <summary>
    /// Writes a new entry under the held lock; the lock bit goes when the entry into the module ends.
    /// </summary>
    public static void Store(ISeamPlatform p, SeptSlot slot, SeptEntry entry) =>
        p.Write(slot.Address, entry.Locked().Raw);

    private static SeptEntry Read(ISeamPlatform p, Hpa address) => new(p.Read<ulong>(address));
}

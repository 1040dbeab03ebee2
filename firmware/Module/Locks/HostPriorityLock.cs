using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// A 16-bit shared/exclusive lock word on which the host goes first: bit 0 exclusive, bit 1 host priority, reader count
/// above. TDX module 1.5.01, lock primitives. A failed host acquisition sets the priority bit; while it is set a guest
/// acquisition is refused; the next successful host acquisition clears it.
/// </summary>
internal static class HostPriorityLock
{
    private const ushort ExclusiveBit = 1, PriorityBit = 2, Reader = 4;

    /// <summary>Tries to take the lock for the host (<paramref name="guest"/> false) or for a TDCALL.</summary>
    public static LockResult TryAcquire(ISeamPlatform p, Hpa word, LockMode mode, bool guest = false) =>
        mode == LockMode.Exclusive ? TryExclusive(p, word, guest) : TryShared(p, word, guest);

    /// <summary>Turns one's own shared hold into an exclusive one; fails when there are other readers.</summary>
    public static bool TryPromote(ISeamPlatform p, Hpa word)
    {
        ushort seen = p.Read<ushort>(word);
        if ((seen & ~PriorityBit) != Reader || p.CompareExchange(word, seen, ExclusiveBit) != seen)
        {
            p.BitTestAndSet(Qword(word), BitOf(word, 1));
            return false;
        }
        return true;
    }

    /// <summary>
    /// The release of an acquisition in <paramref name="mode"/>; a waiting host's priority bit survives it.
    /// </summary>
    public static LockRelease Release(Hpa word, LockMode mode) => mode == LockMode.Exclusive
        ? new LockRelease(word, sizeof(ushort), LockReleaseKind.ClearBits, unchecked((ushort)~PriorityBit))
        : new LockRelease(word, sizeof(ushort), LockReleaseKind.Subtract, Reader);

    /// <summary>Undoes an acquisition at once, in the middle of an entry.</summary>
    public static void ReleaseNow(ISeamPlatform p, Hpa word, LockMode mode)
    {
        if (mode == LockMode.Shared)
            p.FetchAdd(word, unchecked((ushort)-Reader));
        else
            p.Write<ushort>(word, (ushort)(p.Read<ushort>(word) & PriorityBit));
    }

    private static LockResult TryExclusive(ISeamPlatform p, Hpa word, bool guest)
    {
        ushort seen = p.Read<ushort>(word);
        if (guest && (seen & PriorityBit) != 0)
            return LockResult.HostPriority;
        if ((seen & ~PriorityBit) == 0 && p.CompareExchange(word, seen, ExclusiveBit) == seen)
            return LockResult.Acquired;
        if (!guest)
            p.BitTestAndSet(Qword(word), BitOf(word, 1));
        return LockResult.Busy;
    }

    private static LockResult TryShared(ISeamPlatform p, Hpa word, bool guest)
    {
        if (guest && (p.Read<ushort>(word) & PriorityBit) != 0)
            return LockResult.HostPriority;
        ushort old = p.FetchAdd(word, Reader);
        if ((old & ExclusiveBit) != 0)
        {
            // The reader count stays incremented: the holder's exclusive release resets the word.
            if (!guest)
                p.BitTestAndSet(Qword(word), BitOf(word, 1));
            return LockResult.Busy;
        }
        if (!guest && (old & PriorityBit) != 0)
            p.BitTestAndReset(Qword(word), BitOf(word, 1));
        return LockResult.Acquired;
    }

    private static Hpa Qword(Hpa word) => new(word.Value & ~7UL);

    private static int BitOf(Hpa word, int bit) => (int)(word.Value & 7) * 8 + bit;
}

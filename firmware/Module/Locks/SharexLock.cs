using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// A 16-bit shared/exclusive lock word: bit 0 exclusive, reader count above it. TDX module 1.5.01, lock primitives.
/// A failed shared acquisition leaves the count incremented; the exclusive release resets the word.
/// </summary>
internal static class SharexLock
{
    private const ushort ExclusiveBit = 1, Reader = 2;

    /// <summary>Tries to take the lock; on success the release is due at the end of the running entry.</summary>
    public static bool TryHold(ISeamPlatform p, Hpa word, LockMode mode)
    {
        if (mode == LockMode.Exclusive)
        {
            if (p.CompareExchange<ushort>(word, 0, ExclusiveBit) != 0)
                return false;
            p.ReleaseAtEnd(new LockRelease(word, sizeof(ushort), LockReleaseKind.Store, 0));
            return true;
        }
        if ((p.FetchAdd(word, Reader) & ExclusiveBit) != 0)
            return false;
        p.ReleaseAtEnd(new LockRelease(word, sizeof(ushort), LockReleaseKind.Subtract, Reader));
        return true;
    }
}

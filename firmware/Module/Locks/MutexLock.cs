using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>An 8-bit mutex: 0 free, 1 taken. TDX module 1.5.01, lock primitives.</summary>
internal static class MutexLock
{
    /// <summary>
    /// Tries to take the mutex in byte 0 of a qword; the release is due at the end of the running entry.
    /// </summary>
    public static bool TryHold(ISeamPlatform p, Hpa word)
    {
        if (p.BitTestAndSet(word, 0))
            return false;
        p.ReleaseAtEnd(new LockRelease(word, sizeof(byte), LockReleaseKind.Store, 0));
        return true;
    }
}

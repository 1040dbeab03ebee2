using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// The write-back table: how far PHYMEM.CACHE.WB got on a package, and which KeyIDs were flushed when it began.
/// TDX Module 1.5 base specification, "WBINVD handling".
/// </summary>
internal readonly struct Wbt(ISeamPlatform p, Hpa table, int package)
{
    private const int EntryBytes = 0x200, MutexOffset = 0, PointOffset = 8, FlushedOffset = 0x100;

    private Hpa At => table + (ulong)(package * EntryBytes);

    /// <summary>Tries the package's mutex.</summary>
    public bool TryHold() => MutexLock.TryHold(p, At + MutexOffset);

    /// <summary>The next sub-block to write back when interrupted; 0 when none is pending.</summary>
    public ulong InterruptionPoint
    {
        get => p.Read<ulong>(At + PointOffset);
        set => p.Write(At + PointOffset, value);
    }

    /// <summary>64 KeyIDs of the snapshot, starting at KeyID <paramref name="word"/> × 64.</summary>
    public ulong Flushed(int word) => p.Read<ulong>(At + (ulong)(FlushedOffset + word * 8));

    /// <summary>Stores 64 KeyIDs of the snapshot.</summary>
    public void SetFlushed(int word, ulong keys) => p.Write(At + (ulong)(FlushedOffset + word * 8), keys);
}

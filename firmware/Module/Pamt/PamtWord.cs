using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>One PAMT entry in memory, reached with the TDX-global key.</summary>
internal readonly struct PamtWord(ISeamPlatform p, Hpa at)
{
    private const ulong LockMask = 0xFFFF;

    /// <summary>Address of the entry; its first word is the lock.</summary>
    public Hpa Address => at;

    /// <summary>What the page (or range) is.</summary>
    public PageType Type => (PageType)(p.Read<ulong>(at) >> PamtEntry.TypeShift & 0xFF);

    /// <summary>The TDR page that owns the page, without KeyID; 0 for none.</summary>
    public Hpa Owner => new(p.Read<ulong>(at) >> PamtEntry.OwnerShift << 12);

    /// <summary>The epoch word: TD_EPOCH at the time the range was blocked.</summary>
    public ulong Bepoch
    {
        get => p.Read<ulong>(at + PamtEntry.Bepoch);
        set => p.Write(at + PamtEntry.Bepoch, value);
    }

    /// <summary>Gives the page a type and an owner; the lock is kept, the epoch word cleared.</summary>
    public void Assign(PageType type, Hpa owner)
    {
        ulong word = p.Read<ulong>(at) & LockMask;
        p.Write(at, word | (ulong)type << PamtEntry.TypeShift | owner.Value >> 12 << PamtEntry.OwnerShift);
        p.Write(at + PamtEntry.Bepoch, 0UL);
    }
}

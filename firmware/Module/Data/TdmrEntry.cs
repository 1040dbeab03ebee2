using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>One configured TDMR: the host's TDMR_INFO and how far its PAMT is initialised.</summary>
internal readonly struct TdmrEntry(ISeamPlatform p, Hpa at)
{
    /// <summary>Bytes from one entry to the next.</summary>
    public const int Stride = 0x200;

    private const int NextOffset = 0x140, MutexOffset = 0x148;
    private const ulong GigabyteMask = (1UL << 30) - 1;

    /// <summary>First address.</summary>
    public ulong Base => p.Read<ulong>(at + TdmrInfo.Base);

    /// <summary>Bytes.</summary>
    public ulong Size => p.Read<ulong>(at + TdmrInfo.Size);

    /// <summary>Base of the PAMT array for a page size.</summary>
    public ulong PamtBase(PageLevel level) => p.Read<ulong>(at + (ulong)PamtOffset(level));

    /// <summary>Bytes of the PAMT array for a page size.</summary>
    public ulong PamtSize(PageLevel level) => p.Read<ulong>(at + (ulong)PamtOffset(level) + 8);

    /// <summary>Offset from the base and size of a reserved area; size 0 ends the list.</summary>
    public (ulong Offset, ulong Size) Reserved(int index)
    {
        Hpa area = at + (ulong)(TdmrInfo.Reserved + index * TdmrInfo.ReservedBytes);
        return (p.Read<ulong>(area), p.Read<ulong>(area + 8));
    }

    /// <summary>The next address whose PAMT entries are to be initialised; grows in steps of 4 MiB.</summary>
    public ulong Next
    {
        get => p.Read<ulong>(at + NextOffset);
        set => p.Write(at + NextOffset, value);
    }

    /// <summary>Whether the whole 1-GB block of an address of this TDMR is initialised.</summary>
    public bool IsInitialized(ulong address) => address < (Next & ~GigabyteMask);

    /// <summary>Tries the TDMR's mutex.</summary>
    public bool TryHold() => MutexLock.TryHold(p, at + MutexOffset);

    /// <summary>Takes over an accepted TDMR_INFO.</summary>
    public void Store(ReadOnlySpan<byte> info)
    {
        p.WriteBytes(at, info[..TdmrInfo.Bytes]);
        Next = Base;
    }

    /// <summary>Offset of the PAMT base of a page size in TDMR_INFO; the size follows.</summary>
    public static int PamtOffset(PageLevel level) => level switch
    {
        PageLevel.Page4K => TdmrInfo.Pamt4KBase,
        PageLevel.Page2M => TdmrInfo.Pamt2MBase,
        _                => TdmrInfo.Pamt1GBase,
    };
}

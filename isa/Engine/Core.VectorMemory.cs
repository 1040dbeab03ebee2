using System.Runtime.CompilerServices;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Paging;

namespace Seamsim.Isa.State;

// Accesses of 16, 32 and 64 bytes that the inline TLB does not answer; their bytes travel in SlowVector.
public sealed unsafe partial class Core
{
    /// <summary>As <see cref="CarefulRead"/>, and an address that is not a multiple of the size is #GP(0).</summary>
    internal bool CarefulReadAligned(ulong address, int bytes, int segment) =>
        IsVectorAligned(address, bytes, segment, write: false) && CarefulRead(address, bytes, segment);

    /// <summary>As <see cref="CarefulPrepareWrite"/>, and an address that is not a multiple of the size is #GP(0).</summary>
    internal bool CarefulPrepareWriteAligned(ulong address, int bytes, int segment) =>
        IsVectorAligned(address, bytes, segment, write: true) && CarefulPrepareWrite(address, bytes, segment);

    /// <summary>Stores what <see cref="CarefulPrepareWrite"/> prepared, from <see cref="LogicalProcessor.SlowVector"/>.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal void CarefulWriteVector(ulong address, int bytes)
    {
        ReadOnlySpan<byte> value = new(&Lp->SlowVector, bytes);
        MeetDataBreakpoints(address, bytes, write: true);
        Probe?.Access(this, address, write: true, value);
        int head = Math.Min(bytes, writeSplit);
        StorePieces(writeFirst, value[..head]);
        if (head < bytes)
            StorePieces(writeSecond, value[head..]);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool CarefulReadVector(ulong address, int bytes)
    {
        int head = Math.Min(bytes, 0x1000 - (int)(address & 0xFFF));
        Hpa second = default;
        if (!TryReach(address, Access.Read, out Hpa first)
            || (head < bytes && !TryReach(Wrap(address + (ulong)head), Access.Read, out second)))
            return false;
        Span<byte> value = new(&Lp->SlowVector, bytes);
        if (!TryLoadPieces(first, value[..head]) || (head < bytes && !TryLoadPieces(second, value[head..])))
            return false;
        MeetDataBreakpoints(address, bytes, write: false);
        Probe?.Access(this, address, write: false, value);
        return true;
    }

    /// <summary>#GP(0) when an address is not a multiple of the size; one that is not canonical comes first.</summary>
    internal bool IsVectorAligned(ulong address, int bytes, int segment, bool write)
    {
        if (!IsReachable(address, bytes, segment, write))
            return false;
        if ((address & (ulong)(bytes - 1)) == 0)
            return true;
        RaiseGp0();
        return false;
    }

    /// <summary>A device sees a long access as several of up to 8 bytes.</summary>
    private bool TryLoadPieces(Hpa address, Span<byte> destination)
    {
        if (Memory.IsRam(address))
            return TryLoadBytes(address, destination);
        for (int done = 0; done < destination.Length; done += 8)
            if (!TryLoadBytes(address + (ulong)done, destination.Slice(done, Math.Min(8, destination.Length - done))))
                return false;
        return true;
    }

    private void StorePieces(Hpa address, ReadOnlySpan<byte> source)
    {
        if (Memory.IsRam(address))
        {
            StoreBytes(address, source);
            return;
        }
        for (int done = 0; done < source.Length; done += 8)
            StoreBytes(address + (ulong)done, source.Slice(done, Math.Min(8, source.Length - done)));
    }
}

using System.Runtime.InteropServices;

namespace Seamsim.Isa.Memory;

/// <summary>What a physical access met besides its data.</summary>
public enum MemoryResult : byte
{
    /// <summary>Plain memory.</summary>
    Ok,

    /// <summary>Nothing answers at this address: reads give all ones, writes vanish.</summary>
    NoMemory,

    /// <summary>The line is poisoned for this KeyID (integrity): the consumer takes #MC.</summary>
    Poison,

    /// <summary>The SEAM range from outside SEAM: reads give all ones, writes vanish (abort-page semantics).</summary>
    Aborted,
}

/// <summary>
/// Sparse physical memory with MKTME semantics (D2, D7): 2-MiB chunks appear on first touch, every page carries the
/// KeyID it was written with, and reading through another key yields ciphertext or poison.
/// </summary>
public sealed unsafe class PhysicalMemory : IDisposable
{
    private const int ChunkShift = 21;
    private readonly Dictionary<ulong, nint> chunks = [];

    /// <summary>Creates memory whose RAM lies in <paramref name="ranges"/> (base, bytes; 4-KiB granular, ascending).</summary>
    public PhysicalMemory(KeyIdLayout keys, IReadOnlyList<(ulong Base, ulong Bytes)> ranges)
    {
        Keys = keys;
        Ranges = ranges;
    }

    /// <summary>Address and key layout.</summary>
    public KeyIdLayout Keys { get; }

    /// <summary>The RAM ranges.</summary>
    public IReadOnlyList<(ulong Base, ulong Bytes)> Ranges { get; }

    /// <summary>Whether the line address (KeyID stripped) is RAM.</summary>
    public bool IsRam(Hpa address)
    {
        ulong line = Keys.LineOf(address);
        foreach ((ulong start, ulong bytes) in Ranges)
            if (line - start < bytes)
                return true;
        return false;
    }

    /// <summary>
    /// Host pointer to the 4-KiB page of <paramref name="address"/> for the inline TLB: only for RAM pages that are
    /// uniform in the address's KeyID. Null sends the access to <see cref="Read"/> or <see cref="Write"/>.
    /// </summary>
    public byte* TryPin(Hpa address, bool write)
    {
        if (!IsRam(address))
            return null;
        ulong line = Keys.LineOf(address) & ~0xFFFUL;
        if (!chunks.TryGetValue(line >> ChunkShift, out nint chunk))
        {
            chunk = (nint)NativeMemory.AlignedAlloc(1 << ChunkShift, 1 << ChunkShift);
            NativeMemory.Clear((void*)chunk, 1 << ChunkShift);
            chunks.Add(line >> ChunkShift, chunk);
        }
        return (byte*)chunk + (line & ((1 << ChunkShift) - 1));
    }

    /// <summary>Loads bytes; may cross pages. <paramref name="inSeam"/>: the access comes from SEAM root or a TD.</summary>
    public MemoryResult Read(Hpa address, Span<byte> destination, bool inSeam)
    {
        for (int done = 0; done < destination.Length;)
        {
            Hpa at = address + (ulong)done;
            int count = Math.Min(4096 - at.PageOffset, destination.Length - done);
            byte* page = TryPin(at, false);
            if (page is null)
                destination.Slice(done, count).Fill(0xFF);
            else
                new ReadOnlySpan<byte>(page + at.PageOffset, count).CopyTo(destination[done..]);
            done += count;
        }
        return MemoryResult.Ok;
    }

    /// <summary>Stores bytes; may cross pages. Lines take the KeyID of the address.</summary>
    public MemoryResult Write(Hpa address, ReadOnlySpan<byte> source, bool inSeam)
    {
        for (int done = 0; done < source.Length;)
        {
            Hpa at = address + (ulong)done;
            int count = Math.Min(4096 - at.PageOffset, source.Length - done);
            byte* page = TryPin(at, true);
            if (page is not null)
                source.Slice(done, count).CopyTo(new Span<byte>(page + at.PageOffset, count));
            done += count;
        }
        return MemoryResult.Ok;
    }

    /// <summary>MOVDIR64B over a whole page with one repeated qword; the page becomes uniform in the address's KeyID.</summary>
    public MemoryResult FillPage(Hpa page, ulong pattern, bool inSeam)
    {
        byte* p = TryPin(page, true);
        if (p is null)
            return MemoryResult.NoMemory;
        new Span<ulong>(p, 512).Fill(pattern);
        return MemoryResult.Ok;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (nint chunk in chunks.Values)
            NativeMemory.AlignedFree((void*)chunk);
        chunks.Clear();
    }
}

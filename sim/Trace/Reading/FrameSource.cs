using System.IO.Hashing;
using ZstdSharp;

namespace Seamsim.Trace;

/// <summary>The file as bytes: finds frames, checks them, decompresses their columns.</summary>
internal sealed class FrameSource : IDisposable
{
    /// <summary>A column larger than this is none of ours.</summary>
    private const int MaxColumn = 1 << 29;

    private readonly Stream file;
    private readonly Decompressor zstd = new();
    private byte[] packed = [], raw = [];

    public FrameSource(string name, Stream file)
    {
        (Name, this.file) = (name, file);
        Length = file.Length;
    }

    public string Name { get; }

    public long Length { get; }

    public void Dispose()
    {
        zstd.Dispose();
        file.Dispose();
    }

    /// <summary>Reads as much as there is.</summary>
    public int Read(long offset, Span<byte> into)
    {
        file.Position = offset;
        return file.ReadAtLeast(into, into.Length, throwOnEndOfStream: false);
    }

    /// <summary>The header at an offset, with its payload inside the file; null, or what is wrong.</summary>
    public string? TryHeader(long offset, out FrameHeader header)
    {
        Span<byte> bytes = stackalloc byte[FrameHeader.Bytes];
        header = default;
        if (Read(offset, bytes) < bytes.Length)
            return "the file is cut inside a frame header";
        if (FrameHeader.TryRead(bytes, out header) is { } wrong)
            return wrong;
        return header.PayloadBytes > Length - offset - FrameHeader.Bytes ? "the file is cut inside a frame" : null;
    }

    /// <summary>
    /// The columns of a frame, or those whose bit is set in <paramref name="wanted"/>; valid until the next frame is loaded.
    /// </summary>
    /// <exception cref="TraceFileException">The frame is damaged.</exception>
    public ByteCursor[] Load(long offset, out FrameHeader header, uint wanted = uint.MaxValue)
    {
        if (TryHeader(offset, out header) is { } wrong)
            throw new TraceFileException(Name, offset, wrong);
        Span<FrameColumn> places = stackalloc FrameColumn[Columns.Count];
        Span<byte> table = stackalloc byte[Columns.Count * FrameHeader.ColumnBytes];
        if (Read(offset + FrameHeader.ColumnTable, table) < table.Length)
            throw new TraceFileException(Name, offset, "the file is cut inside a frame header");
        int room = Places(offset, header, table, places, wanted);
        if (raw.Length < room)
            raw = new byte[room];
        ByteCursor[] columns = new ByteCursor[Columns.Count];
        long from = offset + FrameHeader.Bytes;
        int at = 0;
        for (int i = 0; i < Columns.Count; from += places[i++].Packed)
        {
            if ((wanted >> i & 1) == 0)
                continue;
            Load(offset, i, places[i], from, raw.AsSpan(at, places[i].Raw));
            columns[i] = new ByteCursor(raw, at, places[i].Raw);
            at += places[i].Raw;
        }
        return columns;
    }

    /// <summary>Where the columns are; the bytes that the wanted ones take in memory.</summary>
    private int Places(
        long offset, in FrameHeader header, ReadOnlySpan<byte> table, Span<FrameColumn> places, uint wanted)
    {
        long all = 0, room = 0;
        bool good = true;
        for (int i = 0; i < Columns.Count; i++)
        {
            places[i] = FrameColumn.Read(table[(i * FrameHeader.ColumnBytes)..]);
            good &= places[i].Raw is >= 0 and <= MaxColumn && places[i].Packed >= 0 && places[i].Packed <= places[i].Raw;
            all += places[i].Packed;
            room += (wanted >> i & 1) == 0 ? 0 : places[i].Raw;
        }
        if (!good || all != header.PayloadBytes || room > MaxColumn)
            throw new TraceFileException(Name, offset, "the frame header holds lengths that this format does not have");
        return (int)room;
    }

    private void Load(long offset, int column, in FrameColumn place, long from, Span<byte> to)
    {
        if (!place.IsStored && packed.Length < place.Packed)
            packed = new byte[place.Packed];
        Span<byte> bytes = place.IsStored ? to : packed.AsSpan(0, place.Packed);
        if (Read(from, bytes) < bytes.Length)
            throw new TraceFileException(Name, offset, "the file is cut inside a frame");
        if (XxHash3.HashToUInt64(bytes) != place.Checksum)
            throw new TraceFileException(Name, offset, $"the checksum of column {column} of the frame does not match its bytes");
        if (!place.IsStored && !Unpack(bytes, to))
            throw new TraceFileException(Name, offset, $"column {column} of the frame cannot be decompressed");
    }

    private bool Unpack(ReadOnlySpan<byte> from, Span<byte> to)
    {
        try
        {
            return zstd.TryUnwrap(from, to, out int written) && written == to.Length;
        }
        catch (ZstdException)
        {
            return false;
        }
    }
}

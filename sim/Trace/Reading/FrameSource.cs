using System.Buffers.Binary;
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
        int all = FrameHeader.Bytes + header.PayloadBytes;
        if (packed.Length < all)
            packed = new byte[all];
        if (Read(offset, packed.AsSpan(0, all)) < all)
            throw new TraceFileException(Name, offset, "the file is cut inside a frame");
        ReadOnlySpan<byte> payload = packed.AsSpan(FrameHeader.Bytes, header.PayloadBytes);
        if (XxHash64.HashToUInt64(payload) != BinaryPrimitives.ReadUInt64LittleEndian(packed.AsSpan(80)))
            throw new TraceFileException(Name, offset, "the checksum of the frame does not match its bytes");
        return Unpack(offset, payload, wanted);
    }

    private ByteCursor[] Unpack(long offset, ReadOnlySpan<byte> payload, uint wanted)
    {
        ReadOnlySpan<byte> table = packed.AsSpan(FrameHeader.ColumnTable);
        long sum = 0;
        for (int i = 0; i < Columns.Count; i++)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(table[(i * 8)..]);
            sum += length is < 0 or > MaxColumn ? long.MaxValue / 16 : length;
        }
        if (sum > MaxColumn)
            throw new TraceFileException(Name, offset, "the frame header holds lengths that this format does not have");
        if (raw.Length < sum)
            raw = new byte[sum];
        ByteCursor[] columns = new ByteCursor[Columns.Count];
        int at = 0, from = 0;
        for (int i = 0; i < Columns.Count; i++)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(table[(i * 8)..]);
            int bytes = BinaryPrimitives.ReadInt32LittleEndian(table[(i * 8 + 4)..]);
            if ((wanted >> i & 1) == 0 && bytes >= 0 && bytes <= payload.Length - from)
            {
                from += bytes;
                continue;
            }
            if (bytes < 0 || bytes > payload.Length - from || !Unpack(payload.Slice(from, bytes), raw.AsSpan(at, length)))
                throw new TraceFileException(Name, offset, $"column {i} of the frame cannot be decompressed");
            columns[i] = new ByteCursor(raw, at, length);
            at += length;
            from += bytes;
        }
        return columns;
    }

    private bool Unpack(ReadOnlySpan<byte> from, Span<byte> to)
    {
        if (from.IsEmpty)
            return to.IsEmpty;
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

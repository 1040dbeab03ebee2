using System.IO.Hashing;
using ZstdSharp;

namespace Seamsim.Trace;

/// <summary>Puts frames into a file, and index and footer behind them. Called from one thread at a time.</summary>
internal sealed class TraceFileWriter : IDisposable
{
    /// <summary>
    /// The level that keeps up with the interpreter; higher ones gain little on columns of surprises.
    /// </summary>
    private const int Level = -3;

    private readonly Stream file;
    private readonly string name;
    private readonly bool leaveOpen;
    private readonly Compressor zstd = new(Level);
    private readonly Column index = new();
    private byte[] frame = new byte[1 << 16];
    private long start, length;
    private uint frames;

    public TraceFileWriter(TraceHeader header, string name, Stream file, bool leaveOpen)
    {
        (this.name, this.file, this.leaveOpen) = (name, file, leaveOpen);
        Header = header;
    }

    public TraceHeader Header { get; }

    /// <summary>Bytes of the file that are whole.</summary>
    public long Length => length;

    public int Frames => (int)frames;

    /// <summary>Why nothing more is written.</summary>
    public TraceFailure? Failure { get; private set; }

    public void Begin()
    {
        start = file.CanSeek ? file.Position : 0;
        Append(FileHeader.Write(Header));
    }

    public void Frame(FrameHeader header, Column[] columns)
    {
        if (Failure is not null)
            return;
        long at = length;
        header = Write(header with { Kind = FrameKind.Records, Sequence = frames }, columns);
        if (Failure is not null)
            return;
        frames++;
        Span<byte> entry = stackalloc byte[8 + FrameHeader.SummaryBytes];
        System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(entry, at);
        header.WriteSummary(entry[8..]);
        index.Put(entry);
    }

    /// <summary>Index and footer. After a failure the file is first cut back to its last whole frame.</summary>
    public void End()
    {
        TraceFailure? failure = Failure;
        if (failure is not null && !CutBack())
            return;
        Failure = null;
        long at = length;
        Column[] columns = [index, .. Enumerable.Range(0, Columns.Count - 1).Select(_ => new Column())];
        Write(new FrameHeader { Kind = FrameKind.Index, Sequence = frames }, columns);
        if (Failure is null)
            Append(FileFooter.Write(at, length + FileFooter.Bytes));
        if (failure is not null && Failure is not null)
            CutBack();
        Failure = failure ?? Failure;
    }

    public void Dispose()
    {
        zstd.Dispose();
        if (!leaveOpen)
            file.Dispose();
    }

    private FrameHeader Write(FrameHeader header, Column[] columns)
    {
        Span<FrameColumn> places = stackalloc FrameColumn[Columns.Count];
        int used = FrameHeader.Bytes, payload = 0;
        for (int i = 0; i < columns.Length; i++)
        {
            ReadOnlySpan<byte> raw = columns[i].Bytes, bytes = Pack(i, raw, used);
            places[i] = new FrameColumn(raw.Length, bytes.Length, XxHash3.HashToUInt64(bytes));
            used += places[i].IsStored ? 0 : bytes.Length;
            payload += bytes.Length;
        }
        header = header with { PayloadBytes = payload };
        header.Write(frame, places);
        Append(columns, places);
        return header;
    }

    /// <summary>Compresses a column behind what the frame has, unless it is to be stored: the bytes to be written.</summary>
    private ReadOnlySpan<byte> Pack(int column, ReadOnlySpan<byte> raw, int used)
    {
        if (raw.IsEmpty || !Columns.IsCompressed(column, Header.Aspects))
            return raw;
        int bound = Compressor.GetCompressBound(raw.Length);
        if (frame.Length - used < bound)
            Array.Resize(ref frame, Math.Max(frame.Length * 2, used + bound));
        int packed = zstd.Wrap(raw, frame.AsSpan(used));
        return packed < raw.Length ? frame.AsSpan(used, packed) : raw;
    }

    /// <summary>Header and columns in their order. Stored columns are written from where they are.</summary>
    private void Append(Column[] columns, ReadOnlySpan<FrameColumn> places)
    {
        long before = length;
        int written = 0, used = FrameHeader.Bytes;
        for (int i = 0; i < columns.Length; i++)
        {
            if (!places[i].IsStored)
            {
                used += places[i].Packed;
                continue;
            }
            if (places[i].Packed == 0)
                continue;
            Append(frame.AsSpan(written, used - written));
            Append(columns[i].Bytes);
            written = used;
        }
        Append(frame.AsSpan(written, used - written));
        if (Failure is not null)
            length = before;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (Failure is not null || bytes.IsEmpty)
            return;
        try
        {
            file.Write(bytes);
            file.Flush();
            length += bytes.Length;
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            Failure = new TraceFailure(name, length, wrong.Message);
        }
    }

    /// <summary>
    /// Takes away what a failed write left; false: the file cannot even be cut, and keeps its ragged end.
    /// </summary>
    private bool CutBack()
    {
        try
        {
            file.SetLength(start + length);
            file.Position = start + length;
            return true;
        }
        catch (Exception wrong) when (wrong is IOException or NotSupportedException)
        {
            return false;
        }
    }
}

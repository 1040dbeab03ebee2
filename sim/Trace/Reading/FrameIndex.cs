namespace Seamsim.Trace;

/// <summary>
/// Finds the frames of a file: by its footer and index, or from header to header when they are not there.
/// </summary>
internal static class FrameIndex
{
    private const int EntryBytes = 8 + FrameHeader.SummaryBytes;

    /// <summary>Every whole frame from the one at <paramref name="first"/> on, and how far the file goes.</summary>
    public static List<FrameInfo> Find(FrameSource source, long first, out TraceEnd end)
    {
        Span<byte> footer = stackalloc byte[FileFooter.Bytes];
        if (source.Length >= first + FileFooter.Bytes
            && source.Read(source.Length - FileFooter.Bytes, footer) == footer.Length
            && FileFooter.TryRead(footer, source.Length, out long index)
            && TryRead(source, index) is { } frames)
        {
            end = new TraceEnd(source.Length, null);
            return frames;
        }
        return Scan(source, first, out end);
    }

    private static List<FrameInfo>? TryRead(FrameSource source, long offset)
    {
        ByteCursor[] columns;
        FrameHeader header;
        try
        {
            columns = source.Load(offset, out header);
        }
        catch (TraceFileException)
        {
            return null;
        }
        if (header.Kind != FrameKind.Index || columns[0].Left % EntryBytes != 0)
            return null;
        List<FrameInfo> frames = new(columns[0].Left / EntryBytes);
        while (!columns[0].AtEnd)
        {
            ReadOnlySpan<byte> entry = columns[0].TakeBytes(EntryBytes).Span;
            long at = System.Buffers.Binary.BinaryPrimitives.ReadInt64LittleEndian(entry);
            frames.Add(FrameInfo.Of(at, FrameHeader.ReadSummary(FrameKind.Records, entry[8..])));
        }
        return frames;
    }

    private static List<FrameInfo> Scan(FrameSource source, long offset, out TraceEnd end)
    {
        List<FrameInfo> frames = [];
        string? wrong = null;
        while (wrong is null && offset < source.Length)
        {
            wrong = source.TryHeader(offset, out FrameHeader header);
            if (wrong is not null)
                break;
            if (header.Kind == FrameKind.Index)
            {
                wrong = "the index or the footer behind the last frame is damaged or cut";
                break;
            }
            frames.Add(FrameInfo.Of(offset, header));
            offset += FrameHeader.Bytes + header.PayloadBytes;
        }
        end = new TraceEnd(offset, wrong ?? "the file is cut between two frames");
        return frames;
    }
}

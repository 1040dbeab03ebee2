namespace Seamsim.Trace;

/// <summary>Steps through the records of a trace, from the beginning of a frame onwards.</summary>
public sealed class TraceCursor
{
    private readonly TraceReader reader;
    private readonly FrameSource source;
    private readonly FrameDecoder decoder;
    private int next;

    internal TraceCursor(TraceReader reader, FrameSource source, int frame)
    {
        (this.reader, this.source) = (reader, source);
        decoder = new FrameDecoder(reader.Header);
        next = Math.Max(frame, 0);
    }

    /// <summary>The record of the last <see cref="Next"/> that was true; the same object every time.</summary>
    public TraceRecord Current => decoder.Record;

    /// <summary>The frame the record is in.</summary>
    public int Frame => next - 1;

    /// <summary>The registers of a logical processor as recorded so far; valid where registers were recorded.</summary>
    public ReadOnlySpan<ulong> RegistersOf(int lp) => decoder.LaneOf(lp).Registers;

    /// <summary>The address space a logical processor is in, as recorded so far.</summary>
    public ulong SpaceOf(int lp) => decoder.LaneOf(lp).Space;

    /// <summary>Steps to the next record; false: there is none.</summary>
    /// <exception cref="TraceFileException">The next frame is damaged.</exception>
    public bool Next()
    {
        while (!decoder.Next())
        {
            if (decoder.Wrong is { } wrong)
                throw new TraceFileException(reader.Name, reader.Frames[Frame].Offset, wrong);
            if (next >= reader.Frames.Count)
                return false;
            ByteCursor[] columns = source.Load(reader.Frames[next].Offset, out FrameHeader header);
            if (header.Kind != FrameKind.Records)
                throw new TraceFileException(reader.Name, reader.Frames[next].Offset, "expected a frame of records");
            next++;
            decoder.Begin(header, columns);
        }
        return true;
    }

    /// <summary>Goes before the first record of a frame.</summary>
    public void Seek(int frame)
    {
        next = Math.Max(frame, 0);
        decoder.Leave();
    }
}

using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace Seamsim.Trace;

/// <summary>
/// Reads a trace. Opening takes the header and the index only; a cursor decodes the frames it comes to. Of a file that
/// is cut, everything whole can be read, and <see cref="End"/> says where it stops and why.
/// </summary>
public sealed class TraceReader : IDisposable
{
    private readonly FrameSource source;
    private readonly List<FrameInfo> frames;

    private TraceReader(FrameSource source, TraceHeader header, long first)
    {
        this.source = source;
        Header = header;
        frames = FrameIndex.Find(source, first, out TraceEnd end);
        End = end;
    }

    /// <summary>Name of the file.</summary>
    public string Name => source.Name;

    /// <summary>What the file says about itself.</summary>
    public TraceHeader Header { get; }

    /// <summary>The whole frames in their order.</summary>
    public IReadOnlyList<FrameInfo> Frames => frames;

    /// <summary>How far the file goes.</summary>
    public TraceEnd End { get; }

    /// <summary>Bytes of the file.</summary>
    public long Length => source.Length;

    /// <summary>Instructions of all frames.</summary>
    public ulong Instructions => frames.Count == 0 ? 0 : frames[^1].FirstInstruction + frames[^1].Instructions;

    /// <summary>Records of all frames.</summary>
    public ulong Records => frames.Count == 0 ? 0 : frames[^1].FirstRecord + frames[^1].Records;

    /// <summary>Opens a file.</summary>
    /// <exception cref="TraceFileException">It is no trace, of a newer version, or its header is damaged.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static TraceReader Open(string path) =>
        Open(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1), path);

    /// <summary>Reads from a stream that can seek, and closes it when disposed.</summary>
    /// <exception cref="TraceFileException">It is no trace, of a newer version, or its header is damaged.</exception>
    public static TraceReader Open(Stream stream, string name)
    {
        FrameSource source = new(name, stream);
        try
        {
            TraceHeader header = ReadHeader(source, out long first);
            return new TraceReader(source, header, first);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <summary>A cursor before the first record of a frame; records end with the last whole frame.</summary>
    public TraceCursor ReadFrom(int frame = 0) => new(this, source, frame);

    /// <summary>
    /// The frame with an instruction; the last one when it lies behind the end; -1 when there are none.
    /// </summary>
    public int FrameOfInstruction(ulong instruction) => Last(frame => frame.FirstInstruction <= instruction);

    /// <inheritdoc/>
    public void Dispose() => source.Dispose();

    /// <summary>The columns of a frame whose bits are set; valid until the next one is loaded.</summary>
    /// <exception cref="TraceFileException">The frame is damaged.</exception>
    internal ByteCursor[] Load(in FrameInfo frame, uint wanted)
    {
        ByteCursor[] columns = source.Load(frame.Offset, out FrameHeader header, wanted);
        if (header.Kind != FrameKind.Records)
            throw new TraceFileException(Name, frame.Offset, "expected a frame of records");
        return columns;
    }

    private int Last(Predicate<FrameInfo> begins)
    {
        int low = 0, high = frames.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (begins(frames[middle]))
                low = middle + 1;
            else
                high = middle;
        }
        return Math.Max(low - 1, Math.Min(0, frames.Count - 1));
    }

    private static TraceHeader ReadHeader(FrameSource source, out long first)
    {
        byte[] prefix = new byte[FileHeader.PrefixBytes];
        int have = source.Read(0, prefix);
        int magic = Math.Min(have, FileHeader.Magic.Length);
        if (have == 0)
            throw new TraceFileException(source.Name, 0, "the file is empty; expected a seamsim trace");
        if (!prefix.AsSpan(0, magic).SequenceEqual(FileHeader.Magic[..magic]))
            throw new TraceFileException(source.Name, 0, "this is not a seamsim trace");
        if (have < prefix.Length)
            throw new TraceFileException(source.Name, have, "the file is cut inside its header");
        int major = BinaryPrimitives.ReadUInt16LittleEndian(prefix.AsSpan(8));
        if (major > FileHeader.Major)
            throw new TraceFileException(
                source.Name, 8, $"the trace has format version {major}; this program reads up to {FileHeader.Major}");
        int length = BinaryPrimitives.ReadInt32LittleEndian(prefix.AsSpan(12));
        if (major == 0 || length is < FileHeader.PrefixBytes + 8 or > FileHeader.MaxBytes)
            throw new TraceFileException(source.Name, 8, "the header of the trace is damaged");
        byte[] bytes = new byte[length];
        if (source.Read(0, bytes) < length)
            throw new TraceFileException(source.Name, source.Length, "the file is cut inside its header");
        if (XxHash64.HashToUInt64(bytes.AsSpan(0, length - 8))
            != BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(length - 8)))
            throw new TraceFileException(source.Name, 0, "the checksum of the header does not match its bytes");
        first = length;
        return ReadFields(source.Name, bytes);
    }

    private static TraceHeader ReadFields(string name, byte[] bytes)
    {
        ByteCursor body = new(bytes, FileHeader.PrefixBytes, bytes.Length - FileHeader.PrefixBytes - 8);
        ulong seed = body.TakeNumber();
        int lps = body.TakeCount(1 << 20);
        TraceAspects aspects = (TraceAspects)body.Take();
        TraceWorlds worlds = (TraceWorlds)body.Take();
        string[] texts = new string[4];
        for (int i = 0; i < texts.Length; i++)
            texts[i] = Encoding.UTF8.GetString(body.TakeBytes(body.TakeCount(FileHeader.MaxBytes)).Span);
        if (body.Overran)
            throw new TraceFileException(name, FileHeader.PrefixBytes, "the header of the trace is damaged");
        return new TraceHeader(texts[0], texts[1], seed, texts[2], texts[3], lps, aspects, worlds);
    }
}

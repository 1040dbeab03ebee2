using System.Runtime.InteropServices;
using Microsoft.Extensions.ObjectPool;

namespace Seamsim.Trace;

/// <summary>
/// Writes one trace. The run appends raw words to <see cref="Buffer"/>; one background thread encodes, compresses and
/// writes them. When it cannot keep up, the run waits (D8: only output leaves the thread, and the bytes written do not
/// depend on who waited for whom). When it fails, <see cref="Failure"/> says so and later words go nowhere.
/// </summary>
/// <remarks>Everything but <see cref="Failure"/> is called from the one thread of the run.</remarks>
public sealed unsafe class TraceWriter : IDisposable
{
    private const int QueuedChunks = 4;

    private readonly ObjectPool<TraceChunk> pool =
        new DefaultObjectPoolProvider { MaximumRetained = QueuedChunks + 2 }.Create(new TraceChunkPolicy());
    private readonly ChunkQueue queue = new(QueuedChunks);
    private readonly TraceBuffer* buffer;
    private GCHandle self;
    private readonly TraceDrain drain;
    private readonly Dictionary<string, int> names = new(StringComparer.Ordinal);
    private TraceChunk chunk;
    private int blocks;
    private TraceTotals? totals;

    private TraceWriter(TraceHeader header, string name, Stream file, bool leaveOpen, int frameWords)
    {
        Header = header;
        chunk = pool.Get();
        self = GCHandle.Alloc(this, GCHandleType.Weak);
        buffer = (TraceBuffer*)NativeMemory.AllocZeroed((nuint)sizeof(TraceBuffer));
        buffer->Attach(GCHandle.ToIntPtr(self));
        Refill();
        drain = new TraceDrain(new TraceFileWriter(header, name, file, leaveOpen), frameWords, queue, pool);
    }

    /// <summary>What the file says about itself.</summary>
    public TraceHeader Header { get; }

    /// <summary>Where the recorder appends; valid until <see cref="Finish"/>.</summary>
    public TraceBuffer* Buffer => buffer;

    /// <summary>Why the background thread stopped writing; null as long as it works. Cheap enough to poll.</summary>
    public TraceFailure? Failure => drain.Failure;

    /// <summary>Creates or overwrites a file.</summary>
    /// <exception cref="IOException">It cannot be created.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be created.</exception>
    public static TraceWriter Create(string path, TraceHeader header) =>
        new(header, path, new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, 1), leaveOpen: false,
            TraceEncoder.DefaultFrameWords);

    /// <summary>Writes to a stream that stays open.</summary>
    public static TraceWriter Create(Stream stream, TraceHeader header) =>
        Create(stream, header, TraceEncoder.DefaultFrameWords);

    /// <summary>Frames of another size than is good for speed: tests want many.</summary>
    internal static TraceWriter Create(Stream stream, TraceHeader header, int frameWords) =>
        new(header, "trace", stream, leaveOpen: true, frameWords);

    /// <summary>Makes a block known; code that is written over and decoded again is a new block.</summary>
    /// <returns>The block's number for <see cref="TraceBuffer.Execute"/>; -1 when the trace has no more numbers.</returns>
    public int DefineBlock(BlockDefinition block)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(block.Code.Length, BlockDefinition.MaxBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(block.Instructions, BlockDefinition.MaxInstructions);
        if (blocks == RawWord.MaxBlocks)
            return -1;
        int code = (block.Code.Length + 7) / 8;
        ulong* at = buffer->Reserve(4 + code);
        at[0] = RawWord.Other(RawWord.KindDefineBlock, 3 + code, 0, 0);
        at[1] = block.Address;
        at[2] = block.Physical;
        at[3] = RawBlock.Pack(block);
        new Span<ulong>(at + 4, code).Clear();
        block.Code.Span.CopyTo(new Span<byte>(at + 4, code * 8));
        return blocks++;
    }

    /// <summary>The code of a name, for charges and marks. Names of a trace are few: at most 65,536, 1,000 bytes each.</summary>
    public int Name(string name)
    {
        if (names.TryGetValue(name, out int code))
            return code;
        byte[] text = System.Text.Encoding.UTF8.GetBytes(name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(text.Length, 1000);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(names.Count, ushort.MaxValue);
        code = names.Count;
        names.Add(name, code);
        int words = (text.Length + 7) / 8;
        ulong* at = buffer->Reserve(1 + words);
        *at = RawWord.Other(RawWord.KindName, words, code, (uint)text.Length);
        new Span<ulong>(at + 1, words).Clear();
        text.CopyTo(new Span<byte>(at + 1, words * 8));
        return code;
    }

    /// <summary>
    /// Hands over what is left, waits for the background thread, and completes the file with index and footer. Also
    /// after a failure: the file is then cut back to its last whole frame.
    /// </summary>
    public TraceTotals Finish()
    {
        if (totals is not null)
            return totals;
        HandOver();
        Refill();
        queue.Close();
        totals = drain.Join();
        return totals;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Finish();
        if (!self.IsAllocated)
            return;
        NativeMemory.Free(buffer);
        self.Free();
    }

    internal static void TurnOver(nint owner) => ((TraceWriter)GCHandle.FromIntPtr(owner).Target!).TurnOver();

    private void TurnOver()
    {
        if (totals is null)
            HandOver();
        Refill();
    }

    private void HandOver()
    {
        chunk.Used = (int)(buffer->Next - chunk.First);
        queue.Put(chunk);
        chunk = pool.Get();
    }

    private void Refill() => buffer->Refill(chunk.First, chunk.First + TraceChunk.Capacity - Isa.Probes.ProbeCursor.BlockWords);
}

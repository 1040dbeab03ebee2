#pragma warning disable RS0030 // this thread carries output away; what it writes does not depend on when (D8)
using Microsoft.Extensions.ObjectPool;

namespace Seamsim.Trace;

/// <summary>
/// The background thread of a writer: takes chunks, encodes, compresses, writes. It only carries output away (D8), and
/// it always empties the queue, so that the run never waits for a file that cannot be written.
/// </summary>
internal sealed class TraceDrain
{
    private readonly TraceFileWriter file;
    private readonly TraceEncoder encoder;
    private readonly ChunkQueue queue;
    private readonly ObjectPool<TraceChunk> pool;
    private readonly Thread thread;
    private volatile TraceFailure? failure;
    private System.Runtime.ExceptionServices.ExceptionDispatchInfo? bug;

    public TraceDrain(TraceFileWriter file, int frameWords, ChunkQueue queue, ObjectPool<TraceChunk> pool)
    {
        (this.file, this.queue, this.pool) = (file, queue, pool);
        encoder = new TraceEncoder(file, frameWords);
        thread = new Thread(Run) { IsBackground = true, Name = "trace" };
        thread.Start();
    }

    public TraceFailure? Failure => failure;

    /// <summary>
    /// Waits for the end of the queue. An exception of the encoder is a bug of it, and comes out here.
    /// </summary>
    public TraceTotals Join()
    {
        thread.Join();
        file.Dispose();
        bug?.Throw();
        return new TraceTotals(encoder.Instructions, file.Length, file.Frames, failure);
    }

    private void Run()
    {
        Guarded(file.Begin);
        failure = file.Failure;
        while (queue.Take() is { } chunk)
        {
            if (failure is null)
                Guarded(() => encoder.Encode(chunk.Words));
            failure ??= file.Failure;
            pool.Return(chunk);
        }
        Guarded(encoder.End);
        failure ??= file.Failure;
    }

    private void Guarded(Action step)
    {
        try
        {
            step();
        }
#pragma warning disable CA1031 // rethrown by Join: an exception on this thread would end the process
        catch (Exception wrong)
        {
            bug ??= System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(wrong);
            failure ??= new TraceFailure("trace", file.Length, wrong.Message);
        }
#pragma warning restore CA1031
    }
}

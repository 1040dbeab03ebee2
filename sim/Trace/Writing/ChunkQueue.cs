namespace Seamsim.Trace;

/// <summary>
/// The bounded way from the run to the thread that carries its output away. A full queue makes the run wait: it never
/// drops and never grows.
/// </summary>
internal sealed class ChunkQueue(int capacity)
{
    private readonly Queue<TraceChunk> waiting = new(capacity);
    private readonly object gate = new();
    private bool closed;

    public void Put(TraceChunk chunk)
    {
        lock (gate)
        {
            while (waiting.Count == capacity)
                Monitor.Wait(gate);
            waiting.Enqueue(chunk);
            Monitor.PulseAll(gate);
        }
    }

    /// <summary>No more chunks come.</summary>
    public void Close()
    {
        lock (gate)
        {
            closed = true;
            Monitor.PulseAll(gate);
        }
    }

    /// <summary>The next chunk; null when closed and empty.</summary>
    public TraceChunk? Take()
    {
        lock (gate)
        {
            while (waiting.Count == 0 && !closed)
                Monitor.Wait(gate);
            if (!waiting.TryDequeue(out TraceChunk? chunk))
                return null;
            Monitor.PulseAll(gate);
            return chunk;
        }
    }
}

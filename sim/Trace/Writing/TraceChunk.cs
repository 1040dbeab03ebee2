using Microsoft.Extensions.ObjectPool;

namespace Seamsim.Trace;

/// <summary>
/// A stretch of raw words on its way from the recorder to the encoder; pinned, so that it has an address.
/// </summary>
internal sealed class TraceChunk
{
    /// <summary>
    /// Words of a chunk: small enough for a second-level cache, large enough that hand-over costs nothing.
    /// </summary>
    public const int Capacity = 64 * 1024;

    private readonly ulong[] words = GC.AllocateArray<ulong>(Capacity, pinned: true);

    /// <summary>Words in use.</summary>
    public int Used { get; set; }

    public ReadOnlySpan<ulong> Words => words.AsSpan(0, Used);

    public unsafe ulong* First => (ulong*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(words, 0);

    /// <summary>Forgets what it held: a pool never hands one run's words to another.</summary>
    public void Clear()
    {
        words.AsSpan(0, Used).Clear();
        Used = 0;
    }
}

/// <summary>Chunks are reused; they are cleared when they come back.</summary>
internal sealed class TraceChunkPolicy : PooledObjectPolicy<TraceChunk>
{
    public override TraceChunk Create() => new();

    public override bool Return(TraceChunk obj)
    {
        obj.Clear();
        return true;
    }
}

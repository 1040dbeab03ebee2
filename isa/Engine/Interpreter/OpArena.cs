using System.Runtime.InteropServices;

namespace Seamsim.Isa.Engine.Interpreter;

/// <summary>
/// Native memory for ops. Nothing is freed singly: a dropped block may still be running, and link fields of it may
/// still be cut; the whole arena is emptied when it is full and no chain runs.
/// </summary>
internal sealed unsafe class OpArena : IDisposable
{
    private const int ChunkOps = 8192;
    private const int MaxChunks = 96;
    private readonly List<nint> chunks = [];
    private int chunk = -1, used = ChunkOps;

    /// <summary>Time to empty it.</summary>
    public bool IsFull => chunk >= MaxChunks;

    /// <summary>Cleared room for <paramref name="count"/> ops in a row.</summary>
    public Op* Take(int count)
    {
        if (used + count > ChunkOps)
        {
            chunk++;
            used = 0;
            if (chunk == chunks.Count)
                chunks.Add((nint)NativeMemory.AlignedAlloc((nuint)(sizeof(Op) * ChunkOps), 64));
        }
        Op* ops = (Op*)chunks[chunk] + used;
        used += count;
        NativeMemory.Clear(ops, (nuint)(sizeof(Op) * count));
        return ops;
    }

    public void Clear() => (chunk, used) = (-1, ChunkOps);

    public void Dispose()
    {
        foreach (nint memory in chunks)
            NativeMemory.AlignedFree((void*)memory);
        chunks.Clear();
        Clear();
    }
}

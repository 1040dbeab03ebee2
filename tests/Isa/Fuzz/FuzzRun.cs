using Seamsim.Isa.Models;

namespace Seamsim.Tests.Isa.Fuzz;

/// <summary>Batches of random instructions on all cores of the host until there were enough.</summary>
internal sealed class FuzzRun(ulong seed, long instructions)
{
    /// <summary>A batch takes a few milliseconds; one that takes this long hangs.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly CpuModel model = CpuModel.Load("sapphire-rapids", new CpuParameters());
    private readonly byte[] image = FuzzImage.Create();
    private readonly Lock gate = new();
    private readonly List<FuzzBatch> running = [];
    private string? wrong;
    private long next;

    public FuzzMix Mix { get; } = new();

    /// <summary>The first thing that went wrong; null when nothing did.</summary>
    public string? Run(int workers)
    {
        Thread[] threads = [.. Enumerable.Range(0, workers).Select(_ => new Thread(Work, 64 << 20) { IsBackground = true })];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            while (!thread.Join(TimeSpan.FromSeconds(1)))
                if (Hanging() is { } batch)
                    return $"{batch.Where}: does not end";
        return wrong;
    }

    /// <summary>One batch alone, and when it fails the shortest run of its last case that does, step by step.</summary>
    public string? RunBatch(long number)
    {
        FuzzBatch batch = new(model, image, seed, number);
        string? result = batch.Run();
        Mix.Add(batch.Mix);
        for (int limit = 1; result is not null && limit <= FuzzBatch.Steps; limit++)
        {
            FuzzBatch shorter = new(model, image, seed, number) { Narrowed = batch.Current, Limit = limit };
            if (shorter.Run() is { } wrong && shorter.Current == batch.Current)
                return $"{wrong}\n{string.Join('\n', shorter.Trace)}";
        }
        return result;
    }

    private void Work()
    {
        while (Take() is { } batch)
        {
            string? result = batch.Run();
            lock (gate)
            {
                running.Remove(batch);
                Mix.Add(batch.Mix);
                wrong ??= result;
            }
        }
    }

    private FuzzBatch? Take()
    {
        lock (gate)
        {
            if (wrong is not null || Mix.Instructions >= instructions)
                return null;
            FuzzBatch batch = new(model, image, seed, next++);
            running.Add(batch);
            return batch;
        }
    }

    private FuzzBatch? Hanging()
    {
        lock (gate)
            return running.Find(batch => Environment.TickCount64 - batch.Started > Patience.TotalMilliseconds);
    }
}

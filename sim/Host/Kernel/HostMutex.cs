namespace Seamsim.Host.Kernel;

/// <summary>
/// A lock of host flows: who finds it taken waits in line and goes on, on its own processor, when it is free.
/// </summary>
public sealed class HostMutex(IHostPlatform platform)
{
    private readonly Queue<(ICpu Cpu, HostTask Turn)> waiting = [];

    /// <summary>Whether somebody holds it.</summary>
    public bool IsTaken { get; private set; }

    /// <summary>Takes the lock, waiting for it if need be.</summary>
    public HostTask Acquire(ICpu cpu)
    {
        HostTask turn = HostTask.Pending();
        if (IsTaken)
        {
            waiting.Enqueue((cpu, turn));
            return turn;
        }
        IsTaken = true;
        turn.Complete();
        return turn;
    }

    /// <summary>Hands the lock to the next in line.</summary>
    public void Release()
    {
        if (waiting.TryDequeue(out (ICpu Cpu, HostTask Turn) next))
            platform.Post(next.Cpu, next.Turn.Complete);
        else
            IsTaken = false;
    }
}

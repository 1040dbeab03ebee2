using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Seamsim.Host.Kernel;

/// <summary>
/// A flow of host kernel or VMM code: an <c>async</c> method without threads. It runs on a logical processor's run
/// queue until it waits for the processor (a stub) or for another flow, and goes on where that ends (D6).
/// </summary>
/// <remarks>
/// An exception inside is a bug of the simulator: it reaches whoever awaits, or, at the root, the machine.
/// </remarks>
[AsyncMethodBuilder(typeof(HostTaskMethodBuilder))]
public sealed class HostTask : INotifyCompletion
{
    private Action? continuation;
    private ExceptionDispatchInfo? error;
    private bool isRoot;

    /// <summary>Whether the flow has ended.</summary>
    public bool IsCompleted { get; private set; }

    /// <summary>Starts a flow on a processor; it begins when that processor's run queue reaches it.</summary>
    /// <param name="platform">The machine.</param>
    /// <param name="cpu">The processor the flow is pinned to.</param>
    /// <param name="flow">The flow.</param>
    public static void Spawn(IHostPlatform platform, ICpu cpu, Func<HostTask> flow) =>
        platform.Post(cpu, () => Begin(flow));

    /// <summary>Starts a flow at once that nobody waits for: its exceptions go to the machine.</summary>
    public static void Begin(Func<HostTask> flow)
    {
        HostTask task = flow();
        task.isRoot = true;
        if (task.IsCompleted)
            task.GetResult();
    }

    /// <summary>A task that the caller ends with <see cref="Complete"/>: a wait queue of one.</summary>
    public static HostTask Pending() => new();

    /// <summary>The awaiter is the task itself.</summary>
    public HostTask GetAwaiter() => this;

    /// <inheritdoc/>
    public void OnCompleted(Action continuation)
    {
        if (IsCompleted)
            continuation();
        else
            this.continuation += continuation;
    }

    /// <summary>Ends the wait; an exception of the flow comes out here.</summary>
    public void GetResult() => error?.Throw();

    /// <summary>Ends the task and runs what waits for it.</summary>
    public void Complete()
    {
        if (IsCompleted)
            return;
        IsCompleted = true;
        continuation?.Invoke();
    }

    internal void Fail(Exception exception)
    {
        error = ExceptionDispatchInfo.Capture(exception);
        IsCompleted = true;
        if (isRoot)
            error.Throw();
        continuation?.Invoke();
    }
}

/// <summary>A flow of host code that ends with a value. See <see cref="HostTask"/>.</summary>
/// <typeparam name="T">What it returns.</typeparam>
[AsyncMethodBuilder(typeof(HostTaskMethodBuilder<>))]
public sealed class HostTask<T> : INotifyCompletion
{
    private Action? continuation;
    private ExceptionDispatchInfo? error;
    private T? result;

    /// <summary>Whether the flow has ended.</summary>
    public bool IsCompleted { get; private set; }

    /// <summary>The awaiter is the task itself.</summary>
    public HostTask<T> GetAwaiter() => this;

    /// <inheritdoc/>
    public void OnCompleted(Action continuation)
    {
        if (IsCompleted)
            continuation();
        else
            this.continuation += continuation;
    }

    /// <summary>The value; an exception of the flow comes out here.</summary>
    public T GetResult()
    {
        error?.Throw();
        return result!;
    }

    internal void Complete(T value)
    {
        result = value;
        IsCompleted = true;
        continuation?.Invoke();
    }

    internal void Fail(Exception exception)
    {
        error = ExceptionDispatchInfo.Capture(exception);
        IsCompleted = true;
        continuation?.Invoke();
    }
}

using System.Runtime.CompilerServices;

namespace Seamsim.Host.Kernel;

/// <summary>What the compiler drives when an <c>async</c> method returns <see cref="HostTask"/>.</summary>
/// <remarks>No synchronization context, no thread pool: a continuation runs where the awaited thing ends.</remarks>
public struct HostTaskMethodBuilder
{
    /// <summary>The task of this method call.</summary>
    public HostTask Task { get; private set; }

    /// <summary>Begins a method call.</summary>
    public static HostTaskMethodBuilder Create() => new() { Task = HostTask.Pending() };

    /// <summary>Runs the method up to its first wait.</summary>
    public void Start<TStateMachine>(ref TStateMachine stateMachine) where TStateMachine : IAsyncStateMachine =>
        stateMachine.MoveNext();

    /// <summary>Not used: the state machine is boxed when it first waits.</summary>
    public void SetStateMachine(IAsyncStateMachine stateMachine)
    {
    }

    /// <summary>The method returned.</summary>
    public void SetResult() => Task.Complete();

    /// <summary>The method threw.</summary>
    public void SetException(Exception exception) => Task.Fail(exception);

    /// <summary>The method waits.</summary>
    public void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion where TStateMachine : IAsyncStateMachine
    {
        IAsyncStateMachine boxed = stateMachine;
        awaiter.OnCompleted(boxed.MoveNext);
    }

    /// <summary>The method waits.</summary>
    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion where TStateMachine : IAsyncStateMachine =>
        AwaitOnCompleted(ref awaiter, ref stateMachine);
}

/// <summary>What the compiler drives when an <c>async</c> method returns <see cref="HostTask{T}"/>.</summary>
/// <typeparam name="T">What the method returns.</typeparam>
public struct HostTaskMethodBuilder<T>
{
    /// <summary>The task of this method call.</summary>
    public HostTask<T> Task { get; private set; }

    /// <summary>Begins a method call.</summary>
    public static HostTaskMethodBuilder<T> Create() => new() { Task = new HostTask<T>() };

    /// <summary>Runs the method up to its first wait.</summary>
    public void Start<TStateMachine>(ref TStateMachine stateMachine) where TStateMachine : IAsyncStateMachine =>
        stateMachine.MoveNext();

    /// <summary>Not used: the state machine is boxed when it first waits.</summary>
    public void SetStateMachine(IAsyncStateMachine stateMachine)
    {
    }

    /// <summary>The method returned.</summary>
    public void SetResult(T value) => Task.Complete(value);

    /// <summary>The method threw.</summary>
    public void SetException(Exception exception) => Task.Fail(exception);

    /// <summary>The method waits.</summary>
    public void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion where TStateMachine : IAsyncStateMachine
    {
        IAsyncStateMachine boxed = stateMachine;
        awaiter.OnCompleted(boxed.MoveNext);
    }

    /// <summary>The method waits.</summary>
    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion where TStateMachine : IAsyncStateMachine =>
        AwaitOnCompleted(ref awaiter, ref stateMachine);
}

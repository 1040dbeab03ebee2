using Seamsim.Configuration;

namespace Seamsim.Sweeps;

/// <summary>
/// Plays the runs of a share of a grid, every worker one machine at a time. What is computed depends on the runs alone,
/// never on the number of workers or their pace.
/// </summary>
internal sealed class SweepRunner(SweepPlan plan, SweepDirectory directory, ISweepObserver observer)
{
    private readonly Lock guard = new();
    private readonly HashSet<Machine> machines = [];
    private readonly SortedDictionary<int, SweepRow> rows = [];
    private readonly IReadOnlyCollection<string> statistics = plan.Experiment.Statistics;
    private bool stopping;

    /// <summary>Why the sweep had to stop early: its directory can no longer be written. Null when it did not.</summary>
    public ConfigurationException? Failure { get; private set; }

    /// <summary>Whether <see cref="Cancel"/> was called.</summary>
    public bool Cancelled { get; private set; }

    /// <summary>Plays runs; those already finished are reused.</summary>
    /// <param name="indexes">Which.</param>
    /// <param name="workers">Machines at the same time.</param>
    /// <returns>A row for every run asked for, by index.</returns>
    public IReadOnlyList<SweepRow> Run(IReadOnlyList<int> indexes, int workers)
    {
        Grid grid = plan.Experiment.Grid;
        int next = -1;
        Thread[] threads = new Thread[Math.Min(workers, indexes.Count)];
        for (int i = 0; i < threads.Length; i++)
            threads[i] = Machine.LargeStackThread(() =>
            {
                for (int at; !Stopping && (at = Interlocked.Increment(ref next)) < indexes.Count;)
                    PlayGuarded(grid.Point(indexes[at]));
            });
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        return [.. indexes.Select(index =>
            rows.GetValueOrDefault(index) ?? SweepRow.Without(grid.Point(index), RunStatus.Missing))];
    }

    /// <summary>Stops running machines at their next turn and starts no other; callable from any thread.</summary>
    public void Cancel()
    {
        lock (guard)
        {
            Cancelled = stopping = true;
            foreach (Machine machine in machines)
                machine.Cancel();
        }
    }

    private bool Stopping
    {
        get
        {
            lock (guard)
                return stopping;
        }
    }

    private void PlayGuarded(RunPoint point)
    {
        try
        {
            string fingerprint = plan.Fingerprints[point.Index];
            SweepRow? finished = directory.Load(point, fingerprint, statistics);
            SweepRow row = finished ?? Play(point, fingerprint);
            lock (guard)
            {
                rows[point.Index] = row;
                observer.Ended(row, reused: finished is not null);
            }
        }
        catch (ConfigurationException wrong)
        {
            lock (guard)
            {
                Failure ??= wrong;
                stopping = true;
            }
        }
    }

    private SweepRow Play(RunPoint point, string fingerprint)
    {
        directory.Forget(point);
        SweepRow row = new SweepRun(plan, point, directory.RunPath(point), statistics).Play(Enter, Leave);
        if (row.Status != RunStatus.Cancelled)
            directory.Save(row, plan.Experiment.Grid, fingerprint);
        return row;
    }

    private void Enter(Machine machine)
    {
        lock (guard)
        {
            machines.Add(machine);
            if (Cancelled)
                machine.Cancel();
        }
    }

    private void Leave(Machine machine)
    {
        lock (guard)
            machines.Remove(machine);
    }
}

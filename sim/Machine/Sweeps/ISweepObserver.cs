namespace Seamsim.Sweeps;

/// <summary>Told what a sweep does, one call at a time.</summary>
internal interface ISweepObserver
{
    /// <summary>A run has ended.</summary>
    /// <param name="row">Its row.</param>
    /// <param name="reused">Whether an earlier sweep had finished it.</param>
    void Ended(SweepRow row, bool reused);
}

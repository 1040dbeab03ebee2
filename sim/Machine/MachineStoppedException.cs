using Seamsim.Scheduling;

namespace Seamsim;

/// <summary>
/// A run ended before what was asked for had happened: instructions spent, nothing left to run, cancelled.
/// </summary>
public sealed class MachineStoppedException : Exception
{
    /// <summary>An end without a reason.</summary>
    public MachineStoppedException()
    {
    }

    /// <summary>An end with its reason in words.</summary>
    public MachineStoppedException(string message)
        : base(message)
    {
    }

    /// <summary>An end with its cause.</summary>
    public MachineStoppedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    internal MachineStoppedException(ScheduleEnd end, string message)
        : base(message) => End = end;

    internal ScheduleEnd End { get; }
}

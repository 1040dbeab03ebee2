namespace Seamsim.Timing;

/// <summary>A core parameter file that cannot be used; the message begins with <c>file:line</c>.</summary>
public sealed class TimingDataException : Exception
{
    /// <summary>An empty complaint.</summary>
    public TimingDataException()
    {
    }

    /// <summary>A complaint with its place.</summary>
    public TimingDataException(string message)
        : base(message)
    {
    }

    /// <summary>A complaint with its cause.</summary>
    public TimingDataException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    internal TimingDataException(string file, int line, string what)
        : base(System.FormattableString.Invariant($"{file}:{line}: {what}"))
    {
    }
}

namespace Seamsim.Trace;

/// <summary>A trace file cannot be used, or not from here on.</summary>
/// <param name="file">The file.</param>
/// <param name="offset">Where the trouble is, bytes from the beginning of the file.</param>
/// <param name="reason">What it is.</param>
public sealed class TraceFileException(string file, long offset, string reason)
    : IOException($"{file}: offset {offset}: {reason}")
{
    /// <summary>The file.</summary>
    public string File { get; } = file;

    /// <summary>Where the trouble is, bytes from the beginning of the file.</summary>
    public long Offset { get; } = offset;

    /// <summary>What it is.</summary>
    public string Reason { get; } = reason;
}

/// <summary>How far a file goes.</summary>
/// <param name="Offset">Bytes that are whole.</param>
/// <param name="Reason">Why it ends there; null: the file is complete.</param>
public readonly record struct TraceEnd(long Offset, string? Reason)
{
    /// <summary>Nothing is missing.</summary>
    public bool IsComplete => Reason is null;
}

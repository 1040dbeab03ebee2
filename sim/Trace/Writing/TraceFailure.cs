namespace Seamsim.Trace;

/// <summary>Why recording ended early. The file holds every whole frame written before it.</summary>
/// <param name="File">The trace.</param>
/// <param name="Offset">Bytes of the file that are whole.</param>
/// <param name="Reason">What the operating system said.</param>
public sealed record TraceFailure(string File, long Offset, string Reason)
{
    /// <inheritdoc/>
    public override string ToString() => $"{File}: offset {Offset}: cannot go on recording: {Reason}";
}

/// <summary>What a finished trace amounts to.</summary>
/// <param name="Instructions">Instructions retired.</param>
/// <param name="Bytes">Bytes of the file.</param>
/// <param name="Frames">Frames.</param>
/// <param name="Failure">Why it ended early; null when it did not.</param>
public sealed record TraceTotals(ulong Instructions, long Bytes, int Frames, TraceFailure? Failure);

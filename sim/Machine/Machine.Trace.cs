using Seamsim.Trace;
using Seamsim.Tracing;

namespace Seamsim;

/// <content>Recording.</content>
public sealed partial class Machine
{
    /// <summary>
    /// Records everything from now on. Simulated state, cycles and statistics are the same with and without. When the
    /// file cannot be written any more, the run ends as if <see cref="Cancel"/> had been called.
    /// </summary>
    internal TraceRecorder Record(TraceWriter writer, TraceOptions options) =>
        new(writer, options, parts.Cores) { Failed = Cancel };
}

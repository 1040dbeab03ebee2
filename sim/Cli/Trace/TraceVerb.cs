using System.CommandLine;

namespace Seamsim.Cli.Trace;

/// <summary><c>seamsim trace VERB</c>: guest and host instruction traces.</summary>
internal static class TraceVerb
{
    /// <summary>The parent of the verbs; one file each.</summary>
    public static Command Create(GlobalOptions global) =>
        new("trace", "Record, run, view, replay, export and compare instruction traces.")
        {
            TraceRunVerb.Create(global),
            RecordVerb.Create(global),
            ReplayVerb.Create(global),
            TraceViewVerb.Create(global),
            TraceStatVerb.Create(global),
            TraceDiffVerb.Create(global),
            TraceExportVerb.Create(global),
        };
}

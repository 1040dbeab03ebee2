using System.CommandLine;

namespace Seamsim.Cli.Trace;

/// <summary><c>seamsim trace VERB</c>: guest and host instruction traces.</summary>
internal static class TraceVerb
{
    /// <summary>The parent of the verbs; one file each.</summary>
    /// <summary>What it is for.</summary>
    public const string Description = "Record, run, view, replay, export and compare instruction traces.";

    public static Command Create(GlobalOptions global) =>
        new("trace", Description)
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

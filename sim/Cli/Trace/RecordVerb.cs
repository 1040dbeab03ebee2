using System.CommandLine;

namespace Seamsim.Cli.Trace;

/// <summary><c>seamsim trace record SCENARIO -o out.sst</c>: play a story and record what the processors do.</summary>
internal static class RecordVerb
{
    /// <summary>The verb.</summary>
    public static Command Create(GlobalOptions global)
    {
        RunOptions run = new();
        RecordOptions record = new();
        Option<string> output = new("-o", "--output") { Description = "The trace file.", Required = true };
        Command command = new("record", "Play a scenario as run does, and record an instruction trace.") { output };
        run.AddTo(command);
        record.AddTo(command);
        command.SetAction(result => RunVerb.Run(
            new Terminal(result, global),
            run.Read(result) with
            {
                Trace = result.GetValue(output),
                TraceOptions = scenario => record.Read(result, scenario),
            }));
        return command;
    }
}

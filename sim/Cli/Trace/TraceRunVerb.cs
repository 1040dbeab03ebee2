using System.CommandLine;
using Seamsim.Configuration;
using Seamsim.TextTraces;

namespace Seamsim.Cli.Trace;

/// <summary><c>seamsim trace run FILE</c>: plays a text trace.</summary>
internal static class TraceRunVerb
{
    /// <summary>The verb.</summary>
    public static Command Create(GlobalOptions global)
    {
        Argument<string> path = new("file")
            { Description = "Text trace; \"-\" reads stdin. Format: sim/Machine/TextTraces/README.md." };
        Option<string[]> overrides = new("-c", "--config")
            { Description = "key=value of the scenario, e.g. platform.packages=2; repeatable." };
        Option<string?> seed = new("--seed") { Description = "Seed of the run." };
        Option<ulong> instructions = new("--max-instructions")
        {
            Description = "Instructions every section may execute.",
            DefaultValueFactory = _ => TextTraceRunner.DefaultLimit,
        };
        Option<bool> registers = new("--registers-at-end")
            { Description = "Print every general register at the end of a section, not only those that are not zero." };
        Option<string?> recording = new("--trace")
            { Description = "Record an instruction trace into this file (options as in trace record)." };
        RecordOptions record = new();
        Command command = new("run",
            "Run a hand-written text trace: [host] and [td] sections of hex bytes or Intel-syntax assembly with "
            + "expected registers, memory, exceptions. Examples: sim/Scenarios/traces/*.trace; "
            + "format: sim/Machine/TextTraces/README.md.")
        {
            path, overrides, seed, instructions, registers, recording,
        };
        record.AddTo(command);
        command.SetAction(result =>
        {
            List<string> all = [.. result.GetValue(overrides) ?? []];
            if (result.GetValue(seed) is { } number)
                all.Add($"seed={number}");
            RunRequest request = new(result.GetRequiredValue(path))
            {
                Overrides = all,
                Trace = result.GetValue(recording),
                TraceOptions = scenario => record.Read(result, scenario),
            };
            return Play(new Terminal(result, global), request, result.GetValue(instructions),
                result.GetValue(registers));
        });
        return command;
    }

    private static int Play(Terminal terminal, RunRequest request, ulong limit, bool registers)
    {
        string path = request.Path!;
        if (limit is 0 or > long.MaxValue)
            throw new ConfigurationException($"--max-instructions {limit}: expected 1..{long.MaxValue}");
        TextTrace trace = TextTrace.Parse(ReadText(path), path == "-" ? "stdin" : path, request.Overrides);
        using TraceOfRun? recording = TraceOfRun.Create(request, trace.Scenario);
        using Machine machine = new(trace.Platform);
        using InterruptKey cancel = new(machine.Cancel);
        recording?.Begin(machine);
        TextTraceResult result;
        try
        {
            result = new TextTraceRunner(machine, trace, limit).Run();
        }
        catch (Exception bug) when (bug is not ConfigurationException)
        {
            throw new InternalErrorException(bug, trace.Platform.Seed,
                string.Join(' ', request.Overrides.Select(one => $"-c {one}")));
        }
        finally
        {
            recording?.Finish(terminal);
        }
        if (terminal.Json)
            terminal.Line(TextTraceJson.Of(trace, result, machine.TimingModel));
        else
            new TextTracePrinter(terminal, trace, machine.TimingModel, registers).Print(result);
        return result.Passed && recording is not { HasFailed: true } ? ExitCode.Pass : ExitCode.Fail;
    }

    /// <summary>Reads no more than a text trace can have: a device or a huge file is refused at once.</summary>
    private static string ReadText(string path)
    {
        if (path.Length == 0)
            throw new ConfigurationException("expected the name of a file, not an empty string");
        try
        {
            using TextReader reader = path == "-" ? Console.In : new StreamReader(path);
            char[] text = new char[TextTrace.MaxCharacters + 1];
            int count = reader.ReadBlock(text);
            return count <= TextTrace.MaxCharacters
                ? new string(text, 0, count)
                : throw new ConfigurationException(
                    $"{path}: a text trace has at most {TextTrace.MaxCharacters} characters");
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException or ArgumentException)
        {
            string what = Directory.Exists(path) ? "this is a directory" : wrong.Message;
            throw new ConfigurationException($"{path}: expected a file that can be read: {what}");
        }
    }
}

using System.CommandLine;
using Seamsim.Configuration;
using Seamsim.Trace;

namespace Seamsim.Cli.Trace;

/// <summary><c>seamsim trace export FILE --to FORMAT -o OUT</c>: a trace for other programs.</summary>
internal static class TraceExportVerb
{
    /// <summary>The verb.</summary>
    public static Command Create(GlobalOptions global)
    {
        string[] names = [.. ExportFormat.All.Select(format => format.Name)];
        Argument<string> file = new("file") { Description = "The trace." };
        Option<string> to = new("--to") { Description = string.Join(", ", names) + ".", Required = true };
        to.AcceptOnlyFromAmong(names);
        Option<string> output = new("-o", "--output") { Description = "The file to write.", Required = true };
        Option<int?> lp = new("--lp") { Description = "Only this logical processor." };
        Option<string?> world = new("--world")
            { Description = "Only these worlds: host, seam, td, l2; comma-separated." };
        Command command = new("export", "Write a trace in the format of another program; says what that cannot hold.")
            { file, to, output, lp, world };
        command.SetAction(result => Export(
            new Terminal(result, global), result.GetRequiredValue(file),
            ExportFormat.All.First(format => format.Name == result.GetRequiredValue(to)),
            result.GetRequiredValue(output), result.GetValue(lp), TraceInput.Worlds(result.GetValue(world))));
        return command;
    }

    private static int Export(
        Terminal terminal, string path, ExportFormat format, string output, int? lp, TraceWorlds worlds)
    {
        using TraceReader reader = TraceInput.Open(path);
        if (Path.GetFullPath(output.Length == 0 ? "." : output) == Path.GetFullPath(path))
            throw new ConfigurationException($"{output}: expected another file than the trace itself");
        TraceInput.CheckLp(reader, lp);
        if (format.Refusal(reader, lp) is { } wrong)
            throw new ConfigurationException($"{path}: {wrong}");
        terminal.Progress($"seamsim: {format.Name} cannot hold: {format.Loses}");
        using FileStream to = Create(output);
        format.Export(reader, to, lp, worlds);
        return TraceInput.Verdict(terminal, reader);
    }

    private static FileStream Create(string output)
    {
        try
        {
            if (Path.GetDirectoryName(output) is { Length: > 0 } folder)
                Directory.CreateDirectory(folder);
            return File.Create(output);
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ConfigurationException($"{output}: expected a file that can be written: {wrong.Message}");
        }
    }
}

using System.CommandLine;
using Seamsim.Configuration;
using Seamsim.Timing.Blocks;

namespace Seamsim.Cli;

/// <summary><c>seamsim cycles HEX…</c>: throughput of basic blocks on a named core, with the reasons.</summary>
internal static class CyclesVerb
{
    /// <summary>What it is for.</summary>
    public const string Description =
        "Predict the cycles per iteration of basic blocks, unrolled and looped, and say what limits them "
        + "(--quiet: the two figures and the limit).";

    /// <summary>The verb.</summary>
    public static Command Create(GlobalOptions global)
    {
        Argument<string[]> blocks = new("hex")
        {
            Description = "Basic blocks of 64-bit code, each as hex bytes; 0x and blanks between them do not matter.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        Option<string?> core = new("--core")
        {
            Description = $"{string.Join(", ", PipelineParameters.Shipped)} (the default), "
                + "or a .csv of parameters of your own.",
        };
        Option<string?> file = new("--file")
        {
            Description = "A file with one hex block a line; # starts a comment; - is stdin. "
                + "It exits with 1 when a line is no block.",
        };
        Option<string> start = new("--start")
        {
            Description = "What registers hold when a block starts: measured (the address of one page, as in the "
                + "published measurements) or distinct (nothing known).",
            DefaultValueFactory = _ => "measured",
        };
        start.AcceptOnlyFromAmong("measured", "distinct");
        Option<string?> expect = new("--expect")
        {
            Description = "A .csv with the columns hex, measured_cycles and perhaps arch: "
                + "how far the unrolled predictions are from the measurements.",
        };
        Option<string?> print = new("--print-core")
            { Description = "Print the parameters of a shipped core, to edit and name with --core or timing_core, and stop." };
        Option<string?> instructions = new("--print-instructions")
        {
            Description = "Print the table of instructions of a shipped core (µops, ports, latencies), to edit and name in "
                + "the row instructions of an edited core, and stop.",
        };
        Command command = new("cycles", Description) { blocks, core, file, start, expect, print, instructions };
        command.SetAction(result => result.GetValue(print) is { } shipped
            ? Print(new Terminal(result, global), "--print-core", shipped, PipelineParameters.TextOf(shipped))
            : result.GetValue(instructions) is { } table
            ? Print(new Terminal(result, global), "--print-instructions", table, PipelineParameters.InstructionsOf(table))
            : Run(new Terminal(result, global), result.GetValue(blocks) ?? [],
                result.GetValue(core), result.GetValue(file), result.GetValue(expect),
                Enum.Parse<BlockStart>(result.GetRequiredValue(start), ignoreCase: true)));
        return command;
    }

    private static int Print(Terminal terminal, string option, string core, string? text)
    {
        terminal.Text(text ?? throw new ConfigurationException(
            $"{option}: expected one of {string.Join(", ", PipelineParameters.Shipped)}, not \"{core}\""));
        return ExitCode.Pass;
    }

    private static int Run(
        Terminal terminal, string[] blocks, string? core, string? file, string? expect, BlockStart start)
    {
        int sources = (blocks.Length > 0 ? 1 : 0) + (file is null ? 0 : 1) + (expect is null ? 0 : 1);
        if (sources != 1)
            throw new ConfigurationException("seamsim cycles: expected either hex blocks, or --file, or --expect");
        if (expect is not null)
            return CyclesAccuracy.Run(terminal, expect, core, start);
        CyclesPrinter printer = new(terminal);
        PipelineParameters parameters = CyclesCore.Find(core ?? CyclesCore.Default);
        return file is null ? Each(printer, blocks, parameters, start)
            : Batch(printer, terminal, file, parameters, start);
    }

    private static int Each(CyclesPrinter printer, string[] blocks, PipelineParameters core, BlockStart start)
    {
        List<BlockReport> reports = [];
        for (int i = 0; i < blocks.Length; i++)
            reports.Add(Report(blocks[i], core, start, out string reason)
                ?? throw new ConfigurationException($"seamsim cycles: block {i + 1}: {reason}"));
        reports.ForEach(printer.Print);
        return ExitCode.Pass;
    }

    private static int Batch(
        CyclesPrinter printer, Terminal terminal, string file, PipelineParameters core, BlockStart start)
    {
        int code = ExitCode.Pass, line = 0, blocks = 0;
        string name = file == "-" ? "stdin" : file;
        string text = file == "-" ? Console.In.ReadToEnd() : InputFile.Read(file);
        foreach (string row in text.Split('\n'))
        {
            line++;
            string hex = row.Split('#')[0].Trim();
            if (hex.Length == 0)
                continue;
            blocks++;
            if (Report(hex, core, start, out string reason) is { } report)
            {
                printer.Print(report);
                continue;
            }
            code = ExitCode.Fail;
            if (terminal.Json)
                printer.Error(hex, line, reason);
            else
                terminal.Error($"{name}:{line}: {reason}");
        }
        return blocks > 0 ? code : throw new ConfigurationException($"{name}: no blocks; expected one in hex a line");
    }

    /// <summary>The report on a block in hex; null with the reason when it is none.</summary>
    private static BlockReport? Report(string hex, PipelineParameters core, BlockStart start, out string reason) =>
        CyclesCore.TryHex(hex, out byte[] code, out reason) ? BlockReport.Of(code, 0, core, start, out reason) : null;
}

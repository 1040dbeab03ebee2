using System.CommandLine;
using Seamsim.Configuration;
using Seamsim.Trace;

namespace Seamsim.Cli.Trace;

/// <summary><c>seamsim trace view FILE</c>: disassembly, accesses and events.</summary>
internal static class TraceViewVerb
{
    /// <summary>Instructions shown on either side of <c>--around</c>.</summary>
    private const ulong Context = 20;

    /// <summary>The verb.</summary>
    public static Command Create(GlobalOptions global)
    {
        Argument<string> file = new("file") { Description = "The trace." };
        Option<int?> lp = new("--lp") { Description = "Only this logical processor." };
        Option<string?> world = new("--world")
            { Description = "Only these worlds: host, seam, td, l2; comma-separated." };
        Option<string?> grep = new("--grep") { Description = "Only rows with this text, whatever its case." };
        Option<ulong?> around = new("--around") { Description = $"Instruction number, with {Context} on either side." };
        Option<ulong?> from = new("--from") { Description = "First instruction number." };
        Option<ulong?> to = new("--to") { Description = "The instruction number to stop before." };
        Option<string?> symbols = new("--symbols") { Description = "An ELF file whose symbols name addresses." };
        Command command = new(
            "view", "Show a trace: disassembly with worlds, cycles, accesses and events; a pager on a terminal.")
            { file, lp, world, grep, around, from, to, symbols };
        command.SetAction(result =>
        {
            ulong? middle = result.GetValue(around);
            ListingFilter filter = new()
            {
                Lp = result.GetValue(lp),
                Worlds = TraceInput.Worlds(result.GetValue(world)),
                Text = result.GetValue(grep),
                From = result.GetValue(from) ?? (middle > Context ? middle.Value - Context : 0),
                To = result.GetValue(to) ?? (middle is { } m ? m + Context + 1 : ulong.MaxValue),
            };
            return View(
                new Terminal(result, global), result.GetRequiredValue(file), filter, middle, result.GetValue(symbols));
        });
        return command;
    }

    private static int View(Terminal terminal, string path, ListingFilter filter, ulong? middle, string? symbols)
    {
        if (filter.From > filter.To)
            throw new ConfigurationException($"--from {filter.From} lies behind --to {filter.To}");
        _ = Task.Run(TraceListing.Prepare);
        SymbolTable? table = symbols is null ? null : ReadSymbols(symbols);
        using TraceReader reader = TraceInput.Open(path);
        TraceInput.CheckLp(reader, filter.Lp);
        if (middle is { } wanted && reader.End.IsComplete && wanted >= reader.Instructions)
            throw new ConfigurationException(
                $"{path}: --around {wanted}: the trace has {reader.Instructions} instructions");
        TraceRowText text = new(terminal.Colours, reader.Header.LpCount, middle);
        IEnumerable<string> lines = new TraceListing(reader, table).Rows(filter)
            .Select<TraceRow, string>(terminal.Json ? TraceRowText.ToJson : text.Line);
        if (terminal.Json)
        {
            foreach (string line in lines)
                terminal.Line(line);
        }
        else
        {
            new Pager(terminal).Show(lines.Prepend(text.Heading));
        }
        return TraceInput.Verdict(terminal, reader);
    }

    private static SymbolTable ReadSymbols(string path)
    {
        byte[] file;
        try
        {
            file = File.ReadAllBytes(path);
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ConfigurationException($"{path}: expected an ELF file that can be read: {wrong.Message}");
        }
        return SymbolTable.TryRead(file, out string reason)
            ?? throw new ConfigurationException($"{path}: {reason}");
    }
}

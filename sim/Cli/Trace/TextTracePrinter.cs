using System.Globalization;
using Seamsim.TextTraces;

namespace Seamsim.Cli.Trace;

/// <summary>Prints what became of a text trace: every expectation, then the registers of each section.</summary>
internal sealed class TextTracePrinter(Terminal terminal, TextTrace trace, string model, bool allRegisters)
{
    /// <summary>Prints everything.</summary>
    public void Print(TextTraceResult result)
    {
        foreach (SectionResult section in result.Sections)
            Print(section);
        if (result.Unmodelled.Count > 0)
            terminal.Line($"not modelled, raised #UD: {string.Join(", ", result.Unmodelled)}");
        if (result.Problem.Length > 0)
            terminal.Line($"{trace.Name}: {result.Problem}");
        int all = result.Sections.Sum(section => section.Checks.Count);
        int failed = result.Sections.Sum(section => section.Checks.Count(check => !check.Passed));
        terminal.Verdict(result.Passed, Text($"{trace.Name}: {all - failed} of {all} expectation(s) hold"));
    }

    private void Print(SectionResult section)
    {
        if (!terminal.Quiet)
        {
            string world = section.World == SectionWorld.Host ? "" : " (SEAM non-root)";
            terminal.Heading(Text($"{section.Name}{world}: {section.Instructions} instructions, ")
                + Text($"{section.Cycles} cycles ({model})"));
        }
        foreach (CheckResult check in section.Checks)
            Print(check);
        if (section.Reason.Length > 0)
            terminal.Line(Text($"{trace.Name}:{(section.EndLine > 0 ? section.EndLine : section.Line)}: ") + section.Reason);
        if (!terminal.Quiet)
            PrintRegisters(section);
    }

    private void Print(CheckResult check)
    {
        string times = check.Times > 1 ? Text($" ({check.Times} times)") : "";
        if (!check.Passed)
            terminal.Line(Text($"{trace.Name}:{check.Line}: FAIL expected {check.Text}, got {check.Got}{times}"));
        else if (!terminal.Quiet)
            terminal.Line(Text($"{trace.Name}:{check.Line}: pass {check.Text}{times}"));
    }

    private void PrintRegisters(SectionResult section)
    {
        const int perLine = 4;
        string[] shown = [.. section.Registers
            .Where(register => allRegisters || register.Value != 0 || register.Name is "rip" or "rflags")
            .Select(register => Text($"{register.Name}=0x{register.Value:X}"))];
        foreach (string[] line in shown.Chunk(perLine))
            terminal.Line("  " + string.Join("  ", line));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

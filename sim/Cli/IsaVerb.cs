using System.CommandLine;
using Iced.Intel;
using Seamsim.Isa.Decode;

namespace Seamsim.Cli;

/// <summary><c>seamsim isa</c>: which instruction forms are implemented, in which CPU model, checked how.</summary>
internal static class IsaVerb
{
    /// <summary>What it is for.</summary>
    public const string Description =
        "Say which instruction forms are implemented, in which CPU model, and how they are checked.";

    /// <summary>The verb.</summary>
    public static Command Create(GlobalOptions global)
    {
        Option<bool> missing = new("--missing")
            { Description = "Forms a CPU model has and the interpreter does not execute." };
        Option<string?> grep = new("--grep")
        {
            Description = "Forms with this text in their name, syntax or family, whatever its case; "
                + "excluded ones and their reasons too.",
        };
        Command command = new("isa", Description)
            { missing, grep };
        command.SetAction(result =>
            Run(new Terminal(result, global), result.GetValue(missing), result.GetValue(grep)));
        return command;
    }

    private static int Run(Terminal terminal, bool missing, string? grep)
    {
        IReadOnlyList<InstructionForm> all = InstructionForm.Load();
        List<InstructionForm> chosen = [.. all.Where(form =>
            (!missing || form.State == FormState.Missing) && (grep is null || Matches(form, grep)))];
        IsaPrinter printer = new(terminal);
        if (terminal.Json)
            chosen.ForEach(printer.Json);
        else if (missing || grep is not null)
            printer.List(chosen);
        else
            printer.Totals(chosen);
        return ExitCode.Pass;
    }

    private static bool Matches(InstructionForm form, string text) =>
        ((string[])[form.Name, Syntax(form), form.Family])
            .Any(part => part.Contains(text, StringComparison.OrdinalIgnoreCase));

    /// <summary>The form as the manual writes it: <c>ADD r/m32, imm8</c>.</summary>
    public static string Syntax(InstructionForm form) =>
        Enum.Parse<Code>(form.Name).ToOpCode().ToInstructionString();
}

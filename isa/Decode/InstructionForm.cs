using Seamsim.Isa.Models;

namespace Seamsim.Isa.Decode;

/// <summary>
/// An instruction form: what Iced calls a <c>Code</c>. A row of <c>forms.csv</c>, which a test derives from the
/// interpreter's own tables, from the CPUID of the models and from the comparison with a real processor.
/// </summary>
/// <param name="Name">The name of Iced's <c>Code</c>.</param>
/// <param name="Family">The CPUID feature or features it belongs to, but for AVX512VL, joined by +.</param>
/// <param name="Modes">Bits of code segments it exists in: 16, 32, 64, separated by blanks.</param>
/// <param name="State">Whether the interpreter executes it.</param>
/// <param name="Models">CPU models that enumerate it, separated by blanks.</param>
/// <param name="Checked">How it is checked.</param>
/// <param name="Reason">Why it is excluded; empty when it is not.</param>
public sealed record InstructionForm(
    string Name, string Family, string Modes, FormState State, string Models, FormCheck Checked, string Reason)
{
    private const int Columns = 7;

    /// <summary>Every form there is, in the order of Iced's <c>Code</c>.</summary>
    public static IReadOnlyList<InstructionForm> Load()
    {
        Dictionary<string, string> reasons = Exclusions();
        return [.. ModelTable.Read("forms.csv", Columns).Select(cells => new InstructionForm(
            cells[0], cells[1], cells[2], Enum.Parse<FormState>(cells[3], ignoreCase: true), cells[4],
            Enum.Parse<FormCheck>(cells[5], ignoreCase: true), cells[6].Length == 0 ? "" : reasons[cells[6]]))];
    }

    /// <summary>Features and forms that are left out, each with its reason.</summary>
    public static Dictionary<string, string> Exclusions() =>
        ModelTable.Read("form-exclusions.csv", 2).ToDictionary(cells => cells[0], cells => cells[1]);
}

/// <summary>Whether the interpreter executes a form.</summary>
public enum FormState
{
    /// <summary>It does.</summary>
    Implemented,

    /// <summary>It does not yet: #UD.</summary>
    Missing,

    /// <summary>It never will: no model has it.</summary>
    Excluded,
}

/// <summary>How a form is checked.</summary>
public enum FormCheck
{
    /// <summary>Not at all, for it is not there.</summary>
    No,

    /// <summary>It runs in the interpreter among random instructions: no failure, the same result twice.</summary>
    Interpreter,

    /// <summary>Against vectors derived from the manual.</summary>
    Vectors,

    /// <summary>Against a real processor, with random operands.</summary>
    Native,
}

using System.Runtime.CompilerServices;
using Iced.Intel;
using Seamsim.Isa.Decode;

namespace Seamsim.Tests.Isa.Forms;

/// <summary>The list of forms says what the code does.</summary>
public sealed class FormListTests
{
    private const string List = "forms.csv";

    [Test]
    public void The_list_of_forms_is_what_the_code_says()
    {
        string[] expected = [.. new FormFacts().Rows()];
        string[] actual = Embedded();
        List<string> wrong = [];
        for (int i = 0; i < Math.Max(expected.Length, actual.Length) && wrong.Count < 20; i++)
        {
            string row = i < actual.Length ? actual[i] : "(nothing)", code = i < expected.Length ? expected[i] : "(nothing)";
            if (row != code)
                wrong.Add($"{List}:{i + 1}: {row}\n    the code says {code}");
        }
        Assert.That(wrong, Is.Empty, "to write the list again: see tests/Isa/Native/README.md\n"
            + string.Join('\n', wrong));
    }

    [Test]
    [Explicit("writes isa/Decode/Data/forms.csv")]
    public void Write_the_list_of_forms() =>
        File.WriteAllText(Path.Combine(Source(), List), string.Join('\n', new FormFacts().Rows()) + "\n");

    [Test]
    public void Every_form_is_in_a_model_or_excluded_with_a_reason() =>
        Assert.That(InstructionForm.Load().Where(form =>
            form.Models.Length == 0 != (form.State == FormState.Excluded) && form.Reason.Length == 0), Is.Empty);

    [Test]
    public void Every_exclusion_excludes_something()
    {
        HashSet<string> used = [.. Embedded().Skip(1).Select(row => row.Split(',')[6])];
        string[] names = [.. Enum.GetNames<CpuidFeature>(), .. Enum.GetNames<Code>()];
        Assert.That(InstructionForm.Exclusions().Keys.Where(key => !names.Contains(key)), Is.Empty);
        Assert.That(InstructionForm.Exclusions().Keys.Where(key => !used.Contains(key)), Is.Empty);
    }

    private static string[] Embedded()
    {
        using Stream stream = typeof(InstructionForm).Assembly.GetManifestResourceStream(List)!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd().TrimEnd('\n').Split('\n');
    }

    private static string Source([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../isa/Decode/Data"));
}

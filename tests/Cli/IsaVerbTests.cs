using System.Text.Json;
using Seamsim.Cli;

namespace Seamsim.Tests.CommandLine;

/// <summary><c>seamsim isa</c>: totals, single forms, and the same as JSON.</summary>
[TestFixture]
internal sealed class IsaVerbTests
{
    [Test]
    public void Totals_have_a_row_a_family_and_a_verdict()
    {
        (int code, string output, string error) = Invoke("isa");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((code, error), Is.EqualTo((0, "")));
            Assert.That(output, Does.Contain("INTEL386").And.Contain("AVX512F").And.Contain("together"));
            Assert.That(output, Does.Match(@"\d+ of \d+ forms implemented \(\d+\.\d %\), \d+ compared with a real"));
        }
    }

    [TestCase("cmpxchg16b", "sapphire-rapids, checked: native")]
    [TestCase("Femms", "excluded: another vendor's: AMD 3DNow!")]
    [TestCase("no such instruction", "0 forms")]
    public void A_form_says_what_it_is(string text, string answer)
    {
        (int code, string output, _) = Invoke("isa", "--grep", text);
        Assert.That(code, Is.Zero);
        Assert.That(output, Does.Contain(answer));
    }

    [Test]
    public void Json_has_an_object_a_form()
    {
        (int code, string output, _) = Invoke("isa", "--grep", "add_rm8_r8", "--json");
        Assert.That(code, Is.Zero);
        using JsonDocument json = JsonDocument.Parse(output.TrimEnd().Split('\n')[0]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(json.RootElement.GetProperty("form").GetString(), Is.EqualTo("Add_rm8_r8"));
            Assert.That(json.RootElement.GetProperty("state").GetString(), Is.EqualTo("implemented"));
            Assert.That(json.RootElement.GetProperty("modes").GetString(), Is.EqualTo("16 32 64"));
        }
    }

    private static (int Code, string Output, string Error) Invoke(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        int code = Root.Invoke(arguments, output, error);
        return (code, output.ToString(), error.ToString());
    }
}

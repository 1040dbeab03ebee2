using System.Text.Json;
using Seamsim.Cli;

namespace Seamsim.Tests.CommandLine;

/// <summary><c>seamsim cpuid</c>: text, JSON and CSV say the same; the exit code is the verdict.</summary>
[TestFixture]
internal sealed class CpuidVerbTests
{
    [Test]
    public void The_text_has_a_header_a_leaf_and_a_line_a_field()
    {
        (int code, string output, string error) = Invoke("cpuid", "--xfam", "X87,SSE,AVX");
        string[] lines = output.Split('\n');
        using (Assert.EnterMultipleScope())
        {
            Assert.That((code, error), Is.EqualTo((0, "")));
            Assert.That(lines, Has.Some.EqualTo("0x80000008  EAX 00003934  EBX 00000200  ECX 00000000  EDX 00000000"));
            Assert.That(lines, Has.Some.Match(@"^          28    AVX +1 ALLOW_DIRECT_XFAM +configurable: taken over"));
            Assert.That(lines, Has.Some.EqualTo("0x6  #VE: the TD's handler asks the VMM"));
            Assert.That(output, Does.Contain("MSR 0x10a IA32_ARCH_CAPABILITIES  boot 0x12afdeb  configured no  seen 0x8f1eb"));
            Assert.That(output, Does.Contain("Not shown: ").And.Contain("All zero: 0x3,"));
            Assert.That(output, Does.Not.Contain("RSVD").And.Not.Contain("unexplained").And.Not.Contain("\x1b"));
        }
    }

    [Test]
    public void All_shows_the_reserved_zeros_too()
    {
        (_, string some, _) = Invoke("cpuid", "--leaf", "1");
        (_, string all, _) = Invoke("cpuid", "--leaf", "1", "--all");
        int reserved = all.Split('\n').Count(line => line.Contains(" RSVD "));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(reserved, Is.EqualTo(6));
            Assert.That(some, Does.Contain($"Not shown: {reserved} reserved").And.Not.Contain(" RSVD "));
            Assert.That(all, Does.Not.Contain("Not shown"));
        }
    }

    [TestCase("--leaf", "0x7.1", "0x7.1  EAX", "0x7.0")]
    [TestCase("--leaf", "7", "0x7.2  EAX", "0x1  EAX")]
    [TestCase("--leaf", "2", "0x2: the module has no such entry: CPUID raises #VE", "0x1  EAX")]
    [TestCase("--leaf", "0x24", "0x24: the module has no such entry: it answers as leaf 0x23", "0x1  EAX")]
    [TestCase("--leaf", "0x40000000", "CPUID raises #VE", "0x1  EAX")]
    [TestCase("--grep", "perfmon", "off because ATTRIBUTES.PERFMON is 0", "SSE3")]
    [TestCase("--grep", "config_tsc", "TSC_NUMERATOR", "SSE3")]
    [TestCase("--module", "e3", "fixed 1 by the module [overlay e3, hypothetical]", "unexplained")]
    public void What_is_shown_can_be_narrowed(string option, string value, string shown, string hidden)
    {
        (int code, string output, _) = Invoke("cpuid", option, value);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.Zero);
            Assert.That(output, Does.Contain(shown).And.Not.Contain(hidden));
        }
    }

    [Test]
    public void Json_csv_and_text_agree_in_every_field()
    {
        string[] td = ["cpuid", "--xfam", "0x6DBE7", "--attributes", "PKS,PERFMON", "--arch-capabilities", "0x1000000"];
        using JsonDocument json = JsonDocument.Parse(Invoke(td, "--json").Output);
        List<string> fromJson = [.. FieldsOf(json)];
        List<string[]> csv = [.. Invoke(td, "--csv").Output.TrimEnd('\n').Split('\n').Skip(1).Select(Cells)];
        List<string> fromCsv = [.. csv.Where(c => !c[0].StartsWith("msr", StringComparison.Ordinal)).Select(c => string.Join('|', c))];
        string text = Invoke(td, "--all").Output;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(fromJson, Has.Count.GreaterThan(600).And.EqualTo(fromCsv));
            Assert.That(csv.Select(cells => cells.Length).Distinct(), Is.EqualTo(new[] { 10 }));
            Assert.That(csv.Where(c => c[8] != "Ve" && c[5] != "IA32_ARCH_CAPABILITIES").Select(c => c[9]).Distinct().Where(why => !text.Contains(why)), Is.Empty);
            Assert.That(text.Split('\n').Count(line => line.StartsWith("    ", StringComparison.Ordinal) || line.StartsWith("  E", StringComparison.Ordinal)),
                Is.GreaterThanOrEqualTo(fromCsv.Count(row => !row.Contains("|Ve|"))));
        }
    }

    [TestCase("TDX_OPERAND_INVALID(CPUID_CONFIG)", "0x7", "--set", "PKU=1")]
    [TestCase("TDX_OPERAND_INVALID(XFAM)", null, "--xfam", "X87")]
    [TestCase("TDX_OPERAND_INVALID(ATTRIBUTES)", null, "--attributes", "KL")]
    [TestCase("TDX_OPERAND_INVALID(IA32_ARCH_CAPABILITIES_CONFIG)", null, "--arch-capabilities", "TAA_NO")]
    public void A_refusal_ends_with_one_in_words_and_as_json(string status, string? leaf, params string[] arguments)
    {
        (int code, string output, string error) = Invoke(["cpuid", .. arguments]);
        (int jsonCode, string jsonText, _) = Invoke(["cpuid", "--json", .. arguments]);
        using JsonDocument json = JsonDocument.Parse(jsonText);
        JsonElement refusal = json.RootElement.GetProperty("refusal");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((code, jsonCode, output), Is.EqualTo((1, 1, "")));
            Assert.That(error, Does.StartWith($"TDH.MNG.INIT refused: {status}"));
            Assert.That(refusal.GetProperty("status").GetString(), Is.EqualTo(status));
            Assert.That(refusal.GetProperty("leaf").GetString(), Is.EqualTo(leaf));
            Assert.That(error.TrimEnd().ReplaceLineEndings("\n").Split('\n'),
                Is.EqualTo(refusal.GetProperty("why").EnumerateArray().Select(line => line.GetString())));
        }
    }

    [Test]
    public void A_processor_the_module_does_not_take_ends_with_one_and_names_the_leaf()
    {
        (int code, string output, string error) = Invoke("cpuid", "--cpu-differs", "0x7.0.ebx[18]=0");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((code, output), Is.EqualTo((1, "")));
            Assert.That(error, Does.Contain("TDX_INCORRECT_CPUID_VALUE").And.Contain("rcx 0x7"));
        }
    }

    [TestCase("\"FOO\"; expected leaf.subleaf.register[bit]=0|1", "--set", "FOO=1")]
    [TestCase("(there is AVX, AVX512F", "--set", "AVX51=1")]
    [TestCase("no CPUID leaf 0x99.0", "--set", "0x99.0.ebx[1]=1")]
    [TestCase("no CPUID leaf 0x7.9; expected 0x7.0, 0x7.1, 0x7.2", "--set", "7.9.ebx.1=1")]
    [TestCase("\"efx\" is no register", "--set", "7.0.efx.3=1")]
    [TestCase("\"32\" is no bit", "--set", "7.0.ebx.32=1")]
    [TestCase("a bit is 0 or 1", "--set", "7.0.ebx.3=2")]
    [TestCase("expected leaf.subleaf.register[bit]", "--set", "7.0.ebx.3")]
    [TestCase("one bit: 0 or 1", "--set", "RTM=2")]
    [TestCase("is the name of 0x7.0.EBX[25] PT and of", "--set", "PT=1")]
    [TestCase("\"FOO\" is unknown", "--xfam", "AVX,FOO")]
    [TestCase("\"FOO\" is unknown", "--attributes", "FOO")]
    [TestCase("\"FOO\" is unknown", "--arch-capabilities", "FOO")]
    [TestCase("expected a leaf", "--leaf", "seven")]
    [TestCase("expected leaf.subleaf.register=value", "--cpu-differs", "x")]
    [TestCase("expected one of sapphire-rapids", "--cpu", "i8086")]
    [TestCase("nope: expected a version", "--module", "nope")]
    [TestCase("nope: expected a version", "--diff", "1.5.01", "nope")]
    [TestCase("48", "--gpaw", "50")]
    [TestCase("not both", "--json", "--csv")]
    public void What_cannot_be_used_ends_with_two_and_says_what_was_expected(string expected, params string[] arguments)
    {
        (int code, string output, string error) = Invoke(["cpuid", .. arguments]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((code, output), Is.EqualTo((2, "")), error);
            Assert.That(error, Does.Contain(expected).And.Not.Contain("   at "));
        }
    }

    [Test]
    public void A_name_that_only_one_configurable_field_has_needs_no_place()
    {
        (int code, string output, _) = Invoke("cpuid", "--set", "AVX=0", "--xfam", "7", "--leaf", "1", "--grep", "left 0");
        Assert.That((code, output), Is.EqualTo((0, output)).And.Matches<(int, string Text)>(t => t.Text.Contains("28    AVX ")));
    }

    [TestCase("1.5.01")]
    [TestCase("e4")]
    public void A_module_does_not_differ_from_itself(string module)
    {
        (int code, string output, _) = Invoke("cpuid", "--diff", module, module);
        using JsonDocument json = JsonDocument.Parse(Invoke("cpuid", "--json", "--diff", module, module).Output);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.Zero);
            Assert.That(output, Does.Contain("no difference"));
            Assert.That(json.RootElement.GetProperty("changes").GetArrayLength(), Is.Zero);
        }
    }

    // B | what changes, in the words of the kinds | where.
    [TestCase("e1", "category; newly configurable; reason", "0x7,0x0,EBX,29,29")]
    [TestCase("e3", "value; name; reason", "0x7,0x2,EDX,7,7")]
    [TestCase("e6", "leaf added", "0x16,,EAX,15,0")]
    public void A_diff_names_what_changes_for_the_same_TD(string module, string kinds, string place)
    {
        string[] forward = Invoke("cpuid", "--csv", "--diff", "1.5.01", module).Output.TrimEnd('\n').Split('\n');
        (int code, string back, _) = Invoke("cpuid", "--diff", module, "1.5.01");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(forward[1], Does.StartWith($"{place},{kinds},"));
            Assert.That(code, Is.Zero);
            Assert.That(back, Does.Contain($"{forward.Length - 1} difference"));
        }
    }

    [Test]
    public void A_diff_with_a_TD_that_one_module_refuses_says_which()
    {
        (int code, string output, _) = Invoke("cpuid", "--diff", "1.5.01", "e1", "--set", "0x7.0.ebx[29]=0", "--set", "SMEP=1");
        Assert.That((code, output), Is.EqualTo((0, output)).And.Matches<(int, string Text)>(
            t => t.Text.Contains("1.5.01: TDH.MNG.INIT refused") && t.Text.Contains("e1: TDH.MNG.INIT refused")));
    }

    private static IEnumerable<string> FieldsOf(JsonDocument json)
    {
        foreach (JsonElement leaf in json.RootElement.GetProperty("leaves").EnumerateArray())
            foreach (JsonElement field in leaf.GetProperty("fields").EnumerateArray())
                yield return string.Join('|', new[]
                {
                    leaf.GetProperty("leaf").GetString(), leaf.GetProperty("subleaf").GetString() ?? "",
                    field.GetProperty("register").GetString(), $"{field.GetProperty("msb")}", $"{field.GetProperty("lsb")}",
                    field.GetProperty("name").GetString(), field.GetProperty("value").GetString() ?? "",
                    field.GetProperty("category").GetString(), field.GetProperty("reason").GetString(),
                    field.GetProperty("why").GetString(),
                });
    }

    // RFC 4180 without line ends in cells.
    private static string[] Cells(string line)
    {
        List<string> cells = [];
        for (int at = 0; at <= line.Length;)
        {
            bool quoted = at < line.Length && line[at] == '"';
            int end = quoted ? at + 1 : line.IndexOf(',', at) is var comma and >= 0 ? comma : line.Length;
            while (quoted && !(line[end] == '"' && (end + 1 == line.Length || line[end + 1] == ',')))
                end++;
            cells.Add(quoted ? line[(at + 1)..end].Replace("\"\"", "\"", StringComparison.Ordinal) : line[at..end]);
            at = end + (quoted ? 2 : 1);
        }
        return [.. cells];
    }

    private static (int Code, string Output, string Error) Invoke(IEnumerable<string> arguments, params string[] more) =>
        Invoke([.. arguments, .. more]);

    private static (int Code, string Output, string Error) Invoke(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        output.NewLine = "\n";
        return (Root.Invoke(arguments, output, error), output.ToString(), error.ToString());
    }
}

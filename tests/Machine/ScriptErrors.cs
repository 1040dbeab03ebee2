using Seamsim.Configuration;
using Seamsim.Scripts;

namespace Seamsim.Tests.Composition;

/// <summary>A wrong SEAMCALL script is refused before anything runs, with its line.</summary>
[TestFixture]
internal sealed class ScriptErrors
{
    [TestCase("{\"leaf\":\"TDH.NOPE\"}", "s.jsonl:1: leaf: \"TDH.NOPE\" is no SEAMCALL leaf")]
    [TestCase("\n{\"leaf\":33,\"rdx\":\"$tdr\"}",
        "s.jsonl:2: rdx: nothing called \"tdr\" is allocated before this line")]
    [TestCase("{\"leaf\":33,\"lp\":2}", "s.jsonl:1: lp: expected an integer 0..1")]
    [TestCase("{\"leaf\":33,\"rsp\":2}", "s.jsonl:1: rsp: expected lp, version or a general register but rax and rsp")]
    [TestCase("{\"leaf\":33,\"rcx\":-1}", "s.jsonl:1: rcx: expected an integer, \"0x…\" or \"$name+0x1000\"")]
    [TestCase("{\"expect\":{\"rax\":0}}", "s.jsonl:1: expect: there is no call before it")]
    [TestCase("{\"alloc\":\"a b\"}", "s.jsonl:1: alloc: expected a name of letters, digits and _")]
    [TestCase("{\"alloc\":\"a\",\"page\":1}", "s.jsonl:1: page: no such key here; expected alloc, pages")]
    [TestCase("{\"alloc\":\"a\"}\n{\"write\":\"$a\",\"hex\":\"123\"}",
        "s.jsonl:2: hex: expected an even number of hex digits")]
    [TestCase("{\"jump\":1}", "s.jsonl:1: expected one of \"leaf\", \"alloc\", \"write\", \"read\", \"expect\"")]
    [TestCase("not json", "s.jsonl:1: not a JSON object")]
    [TestCase("{\"leaf\":33,\"rcx\":1,\"rcx\":2}", "s.jsonl:1: a key stands there twice")]
    [TestCase("{\"leaf\":\"\\ud800\"}", "s.jsonl:1: a string that is no Unicode text")]
    [TestCase("{\"\\ud800\":1}", "s.jsonl:1: ")]
    [TestCase("[1]", "s.jsonl:1: expected a JSON object")]
    public void A_wrong_line_is_named_with_what_was_expected(string script, string expected)
    {
        ConfigurationException wrong =
            Assert.Throws<ConfigurationException>(() => new ScriptParser("s.jsonl", 2).Parse(script))!;
        Assert.That(wrong.Message, Does.StartWith(expected));
    }

    [Test]
    public void Names_numbers_versions_and_arithmetic_become_operands()
    {
        List<ScriptCommand> commands = new ScriptParser("s.jsonl", 2).Parse(
            "# comment\n{\"alloc\":\"tdr\",\"pages\":2}\n"
            + "{\"lp\":1,\"leaf\":\"tdh.vp.init\",\"version\":1,\"rcx\":\"$tdr+0x1000\",\"r8\":7}");
        CallCommand call = (CallCommand)commands[1];
        Dictionary<string, ulong> allocations = new() { ["tdr"] = 0x10_0000 };
        using (Assert.EnterMultipleScope())
        {
            Assert.That(call.Line, Is.EqualTo(3));
            Assert.That(call.Lp, Is.EqualTo(1));
            Assert.That(call.Rax, Is.EqualTo(0x1_0016));
            Assert.That(call.Registers.Select(r => (r.Register, r.Value.In(allocations))),
                Is.EqualTo(new[] { (1, 0x10_1000UL), (8, 7UL) }));
        }
    }
}

using System.Diagnostics;
using System.Text;
using Seamsim.Configuration;
using Seamsim.TextTraces;

namespace Seamsim.Tests.Machines.TextTraces;

/// <summary>Texts that cannot be used are refused with file, line and reason; nothing else ever comes out.</summary>
[TestFixture]
internal sealed class TextTraceErrors
{
    [TestCase("nop", "t.trace:1: expected a section first")]
    [TestCase("", "t.trace:1: expected a section")]
    [TestCase("[host]", "t.trace:1: this section has no instruction")]
    [TestCase("[host\nnop", "t.trace:1: expected \"]\"")]
    [TestCase("[guest]\nnop", "t.trace:1: expected [platform], [host]")]
    [TestCase("[host lp=9]\nnop", "t.trace:1: lp=9: the platform has 2 logical processors")]
    [TestCase("[host gpaw=48]\nnop", "t.trace:1: gpaw=48: expected lp=N")]
    [TestCase("[td gpaw=49]\nnop", "t.trace:1: gpaw=49: expected gpaw=48 or 52")]
    [TestCase("[td]\nnop\n[td]\nnop", "t.trace:3: there is a TD \"td\" already")]
    [TestCase("[platform]\nfrom=reset\n[td]\nnop", "t.trace:3: a TD needs from=ready")]
    [TestCase("[platform]\nfrom=yesterday\n[host]\nnop", "t.trace:2: from=yesterday: expected reset, loader")]
    [TestCase("[platform]\nplatform.lps_per_package=2\nplatform.packages=99\n[host]\nnop", "t.trace:3: platform.packages")]
    [TestCase("[platform]\nnonsense\n[host]\nnop", "t.trace:2: expected key=value")]
    [TestCase("[host]\nnop\nfnord rax", "t.trace:3: there is no instruction \"fnord\"")]
    [TestCase("[host]\nadd rax, [rbx+]", "t.trace:2: \"]\": expected a register, a number or a label")]
    [TestCase("[host]\n48 1", "t.trace:2: there is no instruction \"48\"")]
    [TestCase("[host]\na:\nnop\na: nop", "t.trace:4: the label \"a\" is defined twice")]
    [TestCase("[host]\nrax: nop", "t.trace:2: rax: a register's name cannot be a label")]
    [TestCase("[host]\njmp nowhere", "t.trace:2: \"nowhere\" is no label of this section")]
    [TestCase("[host]\n.reg rax\nnop", "t.trace:2: expected \"=\"")]
    [TestCase("[host]\n.reg rxx=1\nnop", "t.trace:2: \"rxx\" is no register or flag")]
    [TestCase("[host]\n.reg cr3=1\nnop", "t.trace:2: .reg cr3: only general and XMM registers")]
    [TestCase("[host]\nnop\n.reg rax=1", "t.trace:3: .reg stands before the first instruction")]
    [TestCase("[host]\n.reg eax=0x100000000\nnop", "eax: 0x100000000 does not fit")]
    [TestCase("[host]\n.mem 0x200000\nnop", "t.trace:2: .mem: expected bytes")]
    [TestCase("[host]\n.mem 0x200000 0G\nnop", "t.trace:2: .mem: \"0G\": expected bytes")]
    [TestCase("[host]\n.mem 0x1000 01\nnop", "t.trace:2: 0x1000: the host's own structures")]
    [TestCase("[host]\n.mem 0xFFFFFFFFFFFF 01\nnop", "t.trace:2: 0xFFFFFFFFFFFF: expected memory below")]
    [TestCase("[host]\n.mem 0x100000 01\nnop", "t.trace:2: 0x100000: something else lies there already")]
    [TestCase("[host]\n.space 0x200000 999999999\nnop", "t.trace:2: .space")]
    [TestCase("[host]\n.org 1\nnop", "t.trace:2: .org: expected an address")]
    [TestCase("[host]\n.fnord\nnop", "t.trace:2: .fnord: expected .reg")]
    [TestCase("[host]\nnop\n.expect", "t.trace:3: .expect: expected")]
    [TestCase("[host]\nnop\n.expect foo=1", "t.trace:3: \"foo\" is no register or flag")]
    [TestCase("[host]\nnop\n.expect rax=", "t.trace:3: rax: expected a number")]
    [TestCase("[host]\nnop\n.expect rax=foo", "t.trace:3: \"foo\" is no label")]
    [TestCase("[host]\nnop\n.expect zf=2", "t.trace:3: zf: 0x2 does not fit")]
    [TestCase("[host]\nnop\n.expect #XX", "t.trace:3: #XX: expected an exception")]
    [TestCase("[host]\nnop\n.expect #VE", "t.trace:3: #VE: write .expect ve")]
    [TestCase("[host]\nnop\n.expect ve reason=10", "t.trace:3: .expect ve: #VE exists in a TD only")]
    [TestCase("[host]\nnop\n.expect exit reason=10", "t.trace:3: .expect exit: VM exits happen in a TD only")]
    [TestCase("[td]\nnop\n.expect exit reason=Sleep", "t.trace:3: reason=Sleep: expected a VM-exit reason")]
    [TestCase("[td]\nnop\n.expect ve colour=1", "t.trace:3: .expect ve colour: expected reason")]
    [TestCase("[host]\n.expect #GP\nnop", "t.trace:2: .expect #GP: there is no instruction before it")]
    [TestCase("[host]\nnop\ndb 256", "t.trace:3: 256 does not fit 1 byte")]
    [TestCase("[host]\nnop\ndw 'ab'", "t.trace:3: a text stands in db only")]
    [TestCase("[host]\nnop\0", "t.trace:2: the character U+0000 in a text")]
    [TestCase("[host]\nnöp", "t.trace:2: the character U+00F6 belongs to no operand")]
    public void A_text_that_cannot_be_used_says_where_and_why(string text, string message)
    {
        ConfigurationException? wrong = Assert.Throws<ConfigurationException>(() => TextTrace.Parse(text, "t.trace"));
        Assert.That(wrong!.Message, Does.Contain(message));
    }

    [Test]
    public void Memory_that_the_platform_does_not_have_is_refused_with_its_line()
    {
        TextTrace trace = TextTrace.Parse("[host]\n.space 0xA0000000 4096\nnop\n", "t.trace");
        using Machine machine = new(trace.Platform);
        ConfigurationException? wrong = Assert.Throws<ConfigurationException>(() =>
            new TextTraceRunner(machine, trace).Run());
        Assert.That(wrong!.Message, Does.StartWith("t.trace:2: 0xA0000000"));
    }

    [Test]
    public void A_text_of_a_million_lines_is_refused_at_once()
    {
        Stopwatch watch = Stopwatch.StartNew();
        string text = "[host]\n" + string.Concat(Enumerable.Repeat("nop\n", 1_000_000));
        ConfigurationException? wrong = Assert.Throws<ConfigurationException>(() => TextTrace.Parse(text, "t.trace"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(wrong!.Message, Is.EqualTo("t.trace:200001: a text trace has at most 200000 lines"));
            Assert.That(watch.Elapsed, Is.LessThan(TimeSpan.FromSeconds(20)));
        }
    }

    [Test]
    public void Random_bytes_are_a_text_trace_or_a_configuration_error()
    {
        Random random = new(4);
        byte[] bytes = new byte[200];
        for (int i = 0; i < 2_000; i++)
        {
            random.NextBytes(bytes);
            Survives("[host]\n" + Encoding.Latin1.GetString(bytes));
            Survives(Encoding.UTF8.GetString(bytes));
        }
    }

    [Test]
    public void Random_words_are_a_text_trace_or_a_configuration_error()
    {
        string[] words =
        [
            "mov", "add", "rax", "ecx", "[", "]", "{", "}", "k1", "z", ",", ":", "+", "-", "*", "4", "0x10", "qword",
            "ptr", "byte",
            "lock", "rep", "st", "(", ")", "label", "zmm1", "xmm2", "vaddps", "1to8", "rip", "rel", ".reg", ".mem",
            ".expect", ".space",
            ".org", "=", "!", "&", "#GP", "ve", "exit", "reason", "mem", "48", "db", "dq", "\"", "'", ";", "#",
            "[host]", "[td]", "\n",
            "\n", "\n", "label:", "hint", "taken", "far", "short", "call", "jmp", "1", "int", "fs", "cs", "rn", "sae",
            "imul", "fcom",
            "enter", "vpgatherdd", "data16", "0", "99999999999999999999", "TDX_SUCCESS", "[platform]", "seed=3", "movs",
            "in", "0h", "h",
        ];
        Random random = new(5);
        for (int i = 0; i < 20_000; i++)
        {
            StringBuilder text = new("[host]\n");
            for (int k = random.Next(1, 14); k > 0; k--)
                text.Append(words[random.Next(words.Length)]).Append(random.Next(4) == 0 ? "" : " ");
            Survives(text.ToString());
        }
    }

    private static void Survives(string text)
    {
        try
        {
            TextTrace.Parse(text, "fuzz");
        }
        catch (ConfigurationException wrong)
        {
            Assert.That(wrong.Message, Does.StartWith("fuzz"), text);
        }
#pragma warning disable CA1031 // the test is that nothing else comes out
        catch (Exception bug)
        {
            Assert.Fail($"{bug}\n{text}");
        }
#pragma warning restore CA1031
    }
}

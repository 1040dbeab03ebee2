using Seamsim.Cli;

namespace Seamsim.Tests.CommandLine;

/// <summary>The exit code is the verdict; results are on stdout, complaints on stderr, traces nowhere.</summary>
[TestFixture]
internal sealed class CommandLineTests
{
    [Test]
    public void Bringing_tdx_up_ends_with_zero_and_a_verdict()
    {
        (int code, string output, string error) = Invoke("run", "-c", "steps=[\"load\",\"init\"]");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.Zero, output + error);
            Assert.That(output, Does.Contain("TDH.SYS.TDMR.INIT"));
            Assert.That(output, Does.Contain("PASS every step succeeded"));
            Assert.That(error, Is.Empty);
        }
    }

    [Test]
    public void A_platform_that_cannot_have_tdx_ends_with_one_and_says_why()
    {
        (int code, string output, _) = Invoke(
            "run", "--quiet", "-c", "steps=[\"load\",\"init\"]", "-c",
                "platform.odd_lps=[{ lp = 1, differs = \"0x7.0.ebx[16]=0\" }]");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.EqualTo(1));
            Assert.That(output, Does.StartWith("FAIL").And.Contain("TDH.SYS.LP.INIT"));
            Assert.That(output.TrimEnd(), Does.Not.Contain("\n"), "a verdict is a line, however long");
        }
    }

    [Test]
    public void A_forced_status_shows_in_the_failures_of_its_leaf()
    {
        (int code, string output, _) = Invoke(
            "run", "--json", "--quiet", "-c", "steps=[\"load\",\"init\"]",
            "-c", "fail=[{ leaf = \"TDH.SYS.INIT\", call = 1, status = \"TDX_SYS_BUSY\" }]");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.EqualTo(1));
            Assert.That(output, Does.Contain("\"leaf.tdh_sys_init.forced\":1"));
            Assert.That(output, Does.Contain("TDX_SYS_BUSY"));
        }
    }

    [TestCase("run", "--nonsense")]
    [TestCase("run", "no-such-file.toml")]
    [TestCase("run", "")]
    [TestCase("run", ".")]
    [TestCase("run", "-d", "")]
    [TestCase("run", "-d", "/dev/null")]
    [TestCase("seamcall", "")]
    [TestCase("run", "-c", "platform.packages=0")]
    [TestCase("run", "-c", "platform.module=e99")]
    [TestCase("seamcall")]
    [TestCase("seamcall", "x.jsonl", "--from", "nowhere")]
    [TestCase("explain", "TDX_NO_SUCH_STATUS")]
    [TestCase("dance")]
    public void What_cannot_be_used_ends_with_two_and_a_word_on_stderr(params string[] arguments)
    {
        (int code, string output, string error) = Invoke(arguments);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.EqualTo(2));
            Assert.That(output, Is.Empty);
            Assert.That(error, Is.Not.Empty.And.Not.Contain("   at "));
        }
    }

    [Test]
    public void A_run_that_needs_more_than_max_instructions_ends_with_one()
    {
        (int code, string output, _) = Invoke("run", "--max-instructions", "100", "-c", "steps=[\"load\",\"init\"]");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.EqualTo(1));
            Assert.That(output, Does.Contain("max_instructions is spent"));
        }
    }

    [TestCase("0xC000010000000043", "TDX_OPERAND_INVALID(EPTP_CONTROLS)")]
    [TestCase("TDX_OPERAND_BUSY", "class [47:40]")]
    [TestCase("TDH.MNG.INIT", "initialises the TD from TD_PARAMS")]
    [TestCase("tdg.vp.info", "a TD, by TDCALL")]
    [TestCase("exit 77", "VM exit 77: TDCALL")]
    [TestCase("EPT_VIOLATION", "VM exit 48")]
    [TestCase("operand 128", "operand TDR")]
    [TestCase("MRTD", "metadata field MRTD[0] of 6")]
    [TestCase("field 0x1310000300000002", "metadata field MRTD[2] of 6")]
    [TestCase("NUM_TDCX", "may read bits 0xFFFFFFFF")]
    public void Explain_says_what_something_is(string subject, string expected)
    {
        (int code, string output, _) = Invoke(["explain", .. subject.Split(' ')]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.Zero);
            Assert.That(output, Does.Contain(expected));
        }
    }

    [Test]
    public void The_version_names_models_data_and_engine()
    {
        (int code, string output, _) = Invoke("--version");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.Zero);
            Assert.That(output,
                Does.Contain("Iced").And.Contain("functional").And.Contain("sapphire-rapids").And.Contain("1.5.01")
                    .And.Contain("e8"));
        }
    }

    [TestCase("--help")]
    [TestCase("-h")]
    [TestCase("--quiet", "-?")]
    public void Help_lists_the_verbs_as_the_library_would(params string[] arguments)
    {
        using StringWriter expected = new();
        Root.Create(new GlobalOptions(), Verbs.All).Parse("--help").Invoke(new() { Output = expected });
        Assert.That(Invoke(arguments), Is.EqualTo((0, expected.ToString(), "")));
    }

    [Test]
    public void Every_verb_is_there_and_has_help()
    {
        foreach (Verb verb in Verbs.All)
        {
            (int code, string output, _) = Invoke(verb.Name, "--help");
            Assert.That(code, Is.Zero);
            Assert.That(output, Does.Contain(verb.Description).And.Contain($" {verb.Name} "));
        }
    }

    [Test]
    public void The_printed_defaults_are_a_scenario_that_can_be_used()
    {
        (int code, string output, _) = Invoke("run", "--print-defaults");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.Zero);
            Assert.That(Scenario.Parse(output, "printed.toml").Tds, Has.Count.EqualTo(2));
        }
    }

    internal static (int Code, string Output, string Error) Invoke(params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        int code = Root.Invoke(arguments, output, error);
        return (code, output.ToString(), error.ToString());
    }
}

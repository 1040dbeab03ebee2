using System.Text.Json;

namespace Seamsim.Tests.CommandLine;

/// <summary><c>seamsim seamcall</c>: one JSON line a call, expectations decide the exit code.</summary>
[TestFixture]
internal sealed class SeamcallVerbTests
{
    [Test]
    public void A_script_whose_expectations_hold_ends_with_zero_and_one_line_a_call()
    {
        (int code, string output, string error) = Play(
            "ready",
            """{"alloc":"tdr","pages":1}""",
            """{"lp":0,"leaf":"TDH.MNG.CREATE","rcx":"$tdr","rdx":"0x21"}""",
            """{"expect":{"rax":"0x0","cf":0,"zf":0}}""",
            """{"lp":1,"leaf":24,"rcx":"$tdr"}""",
            """{"expect":{"rax":0,"rcx":4}}""");
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.Zero, output + error);
            Assert.That(lines, Has.Length.EqualTo(2));
            JsonElement second = JsonDocument.Parse(lines[1]).RootElement;
            Assert.That(second.GetProperty("leaf").GetString(), Is.EqualTo("TDH.PHYMEM.PAGE.RDMD"));
            Assert.That(second.GetProperty("status").GetString(), Is.EqualTo("TDX_SUCCESS"));
            Assert.That(second.GetProperty("r15").GetString(), Is.EqualTo("0x0"));
            Assert.That(second.GetProperty("cycles").GetUInt64(), Is.Positive);
        }
    }

    [Test]
    public void An_expectation_that_fails_ends_with_one_and_says_what_was_there()
    {
        (int code, string output, string error) = Play(
            "ready", """{"leaf":"TDH.MNG.CREATE","rcx":"0x1000","rdx":"0x21"}""",
                """{"expect":{"status":"TDX_SUCCESS"}}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.EqualTo(1));
            Assert.That(output, Does.Contain("\"operand\":\"RCX\""));
            Assert.That(output, Does.Contain("\"line\":2,\"failed\":\"status\""));
            Assert.That(error, Does.Contain("1 expectation(s) failed"));
        }
    }

    [TestCase("reset", "#UD")]
    [TestCase("loader", "VMfailInvalid")]
    [TestCase("installed", "TDX_SYS_NOT_READY")]
    [TestCase("ready", "TDX_OPERAND_INVALID(RCX)")]
    public void The_state_to_start_from_decides_the_answer(string from, string status)
    {
        (_, string output, _) = Play(from, """{"leaf":"TDH.MNG.CREATE","rcx":"0x1001","rdx":"0x21"}""");
        Assert.That(JsonDocument.Parse(output).RootElement.GetProperty("status").GetString(), Is.EqualTo(status));
    }

    [Test]
    public void A_script_reads_back_what_it_wrote()
    {
        (int code, string output, _) = Play(
            "reset", """{"alloc":"b","pages":2}""", """{"write":"$b+0x1000","offset":24,"hex":"0011AAff"}""",
            """{"read":"$b","offset":"0x1017","len":6}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.Zero);
            Assert.That(output, Does.Contain("\"hex\":\"000011aaff00\""));
        }
    }

    [Test]
    public void A_bad_script_ends_with_two_before_anything_runs()
    {
        (int code, string output, string error) =
            Play("ready", """{"leaf":"TDH.SYS.INFO"}""", """{"leaf":"TDH.NOPE"}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.EqualTo(2));
            Assert.That(output, Is.Empty);
            Assert.That(error, Does.Contain(":2: leaf:"));
        }
    }

    private static (int Code, string Output, string Error) Play(string from, params string[] lines)
    {
        string path =
            Path.Combine(TestContext.CurrentContext.WorkDirectory, $"{TestContext.CurrentContext.Test.ID}.jsonl");
        File.WriteAllLines(path, lines);
        try
        {
            return CommandLineTests.Invoke("seamcall", path, "--from", from);
        }
        finally
        {
            File.Delete(path);
        }
    }
}

using System.Text.Json;
using Seamsim.Cli;

namespace Seamsim.Tests.CommandLine;

/// <summary><c>seamsim trace run</c>: the exit code is the verdict.</summary>
[TestFixture]
internal sealed class TraceRunVerbTests
{
    [Test]
    public void Everything_that_holds_ends_with_zero()
    {
        (int code, string output, string error) = Play("[host]\nmov eax, 3\n.expect rax=3\n");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.Zero, output + error);
            Assert.That(output, Does.Contain(":3: pass rax=0x3").And.Contain("1 of 1 expectation(s) hold"));
        }
    }

    [Test]
    public void What_does_not_hold_ends_with_one_and_shows_file_and_line()
    {
        (int code, string output, _) = Play("[host]\nmov eax, 3\n.expect rax=4\n", "--quiet");
        Assert.That(code, Is.EqualTo(1));
        Assert.That(output, Does.Contain(".trace:3: FAIL expected rax=0x4, got rax=0x3"));
    }

    [TestCase("[host]\nmov eax\n", "trace:2: mov does not exist with such operands")]
    [TestCase("[host]\nbad\0file\n", "trace:2: the character U+0000")]
    public void A_bad_file_ends_with_two_and_one_line(string text, string message)
    {
        (int code, _, string error) = Play(text);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.EqualTo(2));
            Assert.That(error, Does.Contain(message));
            Assert.That(error.Trim().Split('\n'), Has.Length.EqualTo(1));
        }
    }

    [Test]
    public void An_endless_loop_ends_with_one_and_names_the_limit()
    {
        (int code, string output, _) = Play("[host]\nl: jmp l\n", "--max-instructions", "100");
        Assert.That(code, Is.EqualTo(1));
        Assert.That(output,
            Does.Contain(".trace:2: ended by --max-instructions: still running after 100 instructions"));
    }

    [Test]
    public void Json_holds_sections_registers_and_checks()
    {
        (int code, string output, _) = Play("[host]\nmov eax, 3\n.expect rax=3\n", "--json");
        JsonElement root = JsonDocument.Parse(output).RootElement;
        JsonElement section = root.GetProperty("sections")[0];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.Zero);
            Assert.That(root.GetProperty("passed").GetBoolean(), Is.True);
            Assert.That(section.GetProperty("registers").GetProperty("rax").GetString(), Is.EqualTo("0x3"));
            Assert.That(section.GetProperty("checks")[0].GetProperty("line").GetInt32(), Is.EqualTo(3));
        }
    }

    [Test]
    public void A_recording_holds_the_instructions_of_the_text()
    {
        string recording = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.sst");
        try
        {
            (int code, string output, string error) = Play(
                "[platform]\nfrom=reset\n[host]\nmov eax, 3\nxor ebx, 0x1234567\nud2\n.expect #UD\nbswap ebx\n",
                    "--trace", recording);
            Assert.That(code, Is.Zero, output + error);
            using StringWriter view = new(), wrong = new();
            Assert.That(Root.Invoke(["trace", "view", recording], view, wrong), Is.Zero, wrong.ToString());
            string[] wanted = ["mov eax, 3", "xor ebx, 0x1234567", "ud2", "bswap ebx"];
            foreach (string one in wanted)
                Assert.That(view.ToString(), Does.Contain(one));
        }
        finally
        {
            File.Delete(recording);
        }
    }

    [TestCase("/no/such/file.trace")]
    [TestCase("/")]
    [TestCase("")]
    public void A_file_that_cannot_be_read_ends_with_two(string path)
    {
        using StringWriter output = new(), error = new();
        Assert.That(Root.Invoke(["trace", "run", path], output, error), Is.EqualTo(2), error.ToString());
    }

    private static (int Code, string Output, string Error) Play(string text, params string[] options)
    {
        string path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.trace");
        File.WriteAllText(path, text);
        try
        {
            using StringWriter output = new(), error = new();
            int code = Root.Invoke(["trace", "run", path, .. options], output, error);
            return (code, output.ToString(), error.ToString());
        }
        finally
        {
            File.Delete(path);
        }
    }
}

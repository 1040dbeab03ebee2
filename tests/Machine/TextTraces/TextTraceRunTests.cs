using Seamsim.Tests.House;
using Seamsim.TextTraces;

namespace Seamsim.Tests.Machines.TextTraces;

/// <summary>Text traces on the simulated host core and in trust domains.</summary>
[TestFixture]
internal sealed class TextTraceRunTests
{
    private static IEnumerable<string> Shipped =>
        Directory.GetFiles(Path.Combine(HouseRoot.Path, "sim/Scenarios/traces"),
            "*.trace").Select(Path.GetFileName).Order()!;

    [TestCaseSource(nameof(Shipped))]
    public void A_shipped_trace_holds(string file)
    {
        string path = Path.Combine(HouseRoot.Path, "sim/Scenarios/traces", file);
        TextTraceResult result = Run(File.ReadAllText(path));
        Assert.That(result.Passed, Is.True, Describe(result));
    }

    [Test]
    public void An_expectation_that_fails_says_what_was_there_and_the_run_goes_on()
    {
        TextTraceResult result = Run("[host]\nmov eax, 5\n.expect rax=6 zf=0\nmov ebx, 1\n.expect mem 0x100000 00\n.expect rbx=1");
        SectionResult section = result.Sections[0];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Passed, Is.False);
            Assert.That(section.End, Is.EqualTo(SectionEnd.Completed));
            Assert.That(section.Checks.Select(check => (check.Line, check.Passed, check.Got)), Is.EqualTo(new[]
            {
                (3, false, "rax=0x5"), (3, true, ""), (5, false, "B8"), (6, true, ""),
            }));
        }
    }

    [Test]
    public void An_expectation_in_a_loop_must_hold_every_time()
    {
        TextTraceResult result = Run("[host]\nmov ecx, 3\nagain: dec ecx\n.expect ecx!=0\njnz again\n");
        CheckResult check = result.Sections[0].Checks[0];
        Assert.That((check.Passed, check.Times, check.Got), Is.EqualTo((false, 3, "ecx=0x0")));
    }

    [TestCase("[host]\nnop\n.expect #GP\n", "no exception")]
    [TestCase("[host]\nud2\n.expect #GP\n", "#UD")]
    [TestCase("[host]\nmov rax, [rsi]\n.expect #PF\n.reg", "")]
    [TestCase("[td]\nnop\n.expect ve reason=10\n", "no #VE")]
    [TestCase("[td]\nmov eax, 2\ncpuid\n.expect ve reason=12\n", "ve reason=10")]
    [TestCase("[td]\nnop\n.expect exit reason=10\n", "no VM exit")]
    [TestCase("[host]\njmp end\nnop\n.expect rax=0\nnop\nend: nop", "never reached")]
    public void An_event_that_does_not_come_fails(string text, string got)
    {
        if (got.Length == 0)
        {
            Assert.Throws<Configuration.ConfigurationException>(() => TextTrace.Parse(text, "t.trace"));
            return;
        }
        TextTraceResult result = Run(text);
        Assert.That(result.Sections[0].Checks[0].Got, Does.StartWith(got), Describe(result));
    }

    [Test]
    public void An_exception_that_nobody_expects_ends_the_section_with_its_line()
    {
        TextTraceResult result = Run("[host]\nnop\nmov rax, 0x8000000000000000\nmov rbx, [rax]\n[host]\nnop");
        SectionResult section = result.Sections[0];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Sections, Has.Count.EqualTo(1));
            Assert.That(section.End, Is.EqualTo(SectionEnd.Exception));
            Assert.That(section.EndLine, Is.EqualTo(4));
            Assert.That(section.Reason, Does.StartWith("#GP(0x0) at 0x10000B: mov rbx, [rax]"));
            Assert.That(result.Problem, Does.Contain("line 5"));
        }
    }

    [TestCase("host")]
    [TestCase("td")]
    public void An_endless_loop_ends_at_its_limit(string world)
    {
        TextTraceResult result = Run($"[{world}]\nself: jmp self\n", 5000);
        SectionResult section = result.Sections[0];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(section.End, Is.EqualTo(SectionEnd.Limit));
            Assert.That(section.Instructions, Is.EqualTo(5000));
            Assert.That(section.Reason, Does.Contain("still running after 5000 instructions, at 0x100000: jmp self"));
        }
    }

    [TestCase("host")]
    [TestCase("td")]
    public void Exceptions_are_caught_with_error_code_and_address_and_leave_the_registers_alone(string world)
    {
        TextTraceResult result = Run($"""
            [{world}]
            .reg rsi=0x4000123456 rax=7 rflags.cf=1
            mov rdx, 0x8000000000000000
            mov rbx, [rdx]
            .expect #GP(0)
            ud2
            .expect #UD
            div rcx
            .expect #DE
            int3
            .expect #BP
            mov eax, dword ptr [rsp+rdx]
            .expect #SS(0)
            .expect rax=7 rcx=0 cf=1
            """);
        Assert.That(result.Passed, Is.True, Describe(result));
    }

    [TestCase("host", "LP 0 is in shutdown")]
    [TestCase("td", "Shutdown: triple fault")]
    public void An_exception_without_a_stack_is_a_triple_fault(string world, string reason)
    {
        SectionResult section = Run($"[{world}]\nmov rsp, 0x8000000000000000\npush rax\n.expect #SS(0)\n").Sections[0];
        using (Assert.EnterMultipleScope())
        {
            Assert.That((section.End, section.EndLine), Is.EqualTo((SectionEnd.Stopped, 3)));
            Assert.That(section.Reason, Does.StartWith(reason));
        }
    }

    [Test]
    public void A_page_fault_in_a_TD_tells_address_and_error_code()
    {
        TextTraceResult result = Run("[td]\nmov rax, 0x4000001000\nmov qword ptr [rax], 1\n.expect #PF(2) cr2=0x4000001000\nnop");
        Assert.That(result.Passed, Is.True, Describe(result));
    }

    [Test]
    public void Memory_and_registers_are_there_in_a_TD_before_the_first_instruction()
    {
        TextTraceResult result = Run("""
            [td gpaw=52]
            .reg rsi=0x200FFE rbx=data xmm1=0x0102030405060708090A0B0C0D0E0F10
            .mem 0x200FFE 01 02 03 04
            .space 0x300000 8192
            .expect rbx=data xmm1=0x0102030405060708090A0B0C0D0E0F10 rip=start rcx=0 rsp=0x8000
            start: mov eax, dword ptr [rsi]
            .expect rax=0x04030201
            mov qword ptr [0x301000], rax
            .expect mem 0x301000 01 02 03 04 00 00 00 00
            .expect mem 0x7F000000 00
            jmp over
            data: dd 5
            over: add eax, dword ptr [rbx]
            .expect rax=0x04030206
            """);
        CheckResult[] failed = [.. result.Sections[0].Checks.Where(check => !check.Passed)];
        Assert.That(failed.Select(check => check.Got), Is.EqualTo(new[] { "no memory is mapped there" }),
            Describe(result));
    }

    [Test]
    public void Sections_run_in_order_and_host_memory_outlives_its_section()
    {
        TextTraceResult result = Run("""
            [host]
            mov dword ptr [0x200000], 0x12345678
            .expect mem 0x200000 78 56 34 12
            [td]
            nop
            [host lp=1]
            mov eax, dword ptr [0x200000]
            .expect rax=0x12345678
            """);
        Assert.That(result.Passed, Is.True, Describe(result));
    }

    [Test]
    public void A_section_that_wrecks_its_control_registers_does_not_wreck_the_next()
    {
        TextTraceResult result = Run("""
            [platform]
            from=reset
            [host]
            xor eax, eax
            mov ds, ax
            mov rax, cr4
            and rax, -0x81
            mov cr4, rax
            lidt [0x80000]
            cli
            [host]
            ud2
            .expect #UD
            """);
        Assert.That(result.Passed, Is.True, Describe(result));
    }

    [TestCase("host")]
    [TestCase("td")]
    public void A_section_may_end_in_HLT(string world)
    {
        // A TD's HLT is a #VE: its guest would ask the VMM.
        TextTraceResult result = Run(world == "host"
            ? "[host]\nmov eax, 1\nhlt\n[host]\nmov eax, 2\n.expect rax=2"
            : "[td]\nmov eax, 1\nmov ecx, 0xFC00\nxor eax, eax\nmov r10d, 0\nmov r11d, 12\ntdcall\n");
        Assert.That(result.Passed, Is.True, Describe(result));
        Assert.That(result.Sections[0].End, Is.EqualTo(SectionEnd.Halted));
    }

    [TestCase("host", 30)]
    [TestCase("td", 6)]
    public void Random_bytes_run_to_some_end(string world, int runs)
    {
        Random random = new(runs);
        byte[] bytes = new byte[64];
        for (int i = 0; i < runs; i++)
        {
            random.NextBytes(bytes);
            string from = world == "host" && i % 5 != 0 ? "reset" : "ready";
            string text = $"[platform]\nfrom={from}\n[{world}]\n{Convert.ToHexString(bytes)}\n.expect #UD\n[host]\nnop";
            Assert.That(() => Run(text, 2000), Throws.Nothing, text);
        }
    }

    [TestCase("host", 30)]
    [TestCase("td", 8)]
    public void Random_system_instructions_run_to_some_end(string world, int runs)
    {
        string[] lines =
        [
            "mov cr3, rbx", "mov cr0, rbx", "mov cr4, rbx", "mov rbx, cr4", "mov rbx, cr0", "and rbx, 0x7FFFFFFF",
                "lgdt [0x100000]",
            "lidt [0x100000]", "ltr bx", "mov ss, bx", "mov ds, bx", "sti", "cli", "hlt", "wrmsr", "rdmsr",
                "mov ecx, 0x80B",
            "mov ecx, 0xC0000080", "xor ebx, ebx", "mov ebx, 0x10", "mov rsp, rbx", "int 0x80", "int3", "iretq",
                "syscall", "sysretq",
            "vmxoff", "vmcall", "seamcall", "tdcall", "vmlaunch", "xsetbv", "invlpg [rbx]", "wbinvd", "popfq", "pushfq",
                "push -1",
            "mov eax, TDH.SYS.LP.SHUTDOWN", "mov eax, TDH.SYS.INFO", "mov ecx, 0x300", "out dx, al", "in eax, dx",
                "swapgs",
        ];
        Random random = new(runs);
        for (int i = 0; i < runs; i++)
        {
            string from = world == "host" && i % 4 != 0 ? "reset" : "ready";
            string code = string.Join('\n',
                Enumerable.Range(0, 12).Select(_ => lines[random.Next(lines.Length)] + "\n.expect #GP"));
            string text = $"[platform]\nfrom={from}\n[{world}]\n{code}\n[host lp=1]\nnop";
            Assert.That(() => Run(text, 2000), Throws.Nothing, text);
        }
    }

    [Test]
    public void What_is_not_modelled_is_named()
    {
        TextTraceResult result = Run("[platform]\nplatform.cpu_differs=[\"0x7.1.eax[22]=1\"]\n[host]\nhreset 0\n.expect #UD\n");
        Assert.That(result.Unmodelled, Is.EqualTo(new[] { "hreset" }));
    }

    [Test]
    public void Looking_changes_neither_cycles_nor_state()
    {
        const string code = "mov ecx, 1000\nl: add rax, rcx\nxor rbx, rax\nimul rbx, rcx\ndec ecx\njnz l\n";
        SectionResult bare = Run("[host]\n" + code).Sections[0];
        SectionResult watched = Run("[host]\n" + code.Replace("\n", "\n.expect rsp!=1\n",
            StringComparison.Ordinal)).Sections[0];
        Assert.That((watched.Cycles, watched.Instructions), Is.EqualTo((bare.Cycles, bare.Instructions)));
        Assert.That(watched.Registers, Is.EqualTo(bare.Registers));
    }

    [Test]
    public void Branches_grow_until_their_labels_are_in_reach()
    {
        string far = string.Concat(Enumerable.Repeat("add rax, 0x12345678\n", 30));
        TextTraceResult result = Run($"[host]\nstart: jmp a\n{far}b: jmp c\n{far}a: jz b\njmp b\n{far}c: mov eax, 1\n.expect rax=1 rip=d\nd: nop\n");
        Assert.That(result.Passed, Is.True, Describe(result));
    }

    private static TextTraceResult Run(string text, ulong limit = TextTraceRunner.DefaultLimit)
    {
        TextTrace trace = TextTrace.Parse(text, "t.trace");
        using Machine machine = new(trace.Platform);
        return new TextTraceRunner(machine, trace, limit).Run();
    }

    private static string Describe(TextTraceResult result) =>
        result.Problem + "\n" + string.Join('\n', result.Sections.Select(
        section => $"{section.Name} {section.End} {section.EndLine} {section.Reason}\n"
            + string.Join('\n', section.Checks.Where(check => !check.Passed))));
}

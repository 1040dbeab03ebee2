using Iced.Intel;
using Seamsim.BareMetal;
using Seamsim.Isa.State;
using Seamsim.Timing;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Boot;

/// <summary>What an image finds, and how a bare-metal run ends.</summary>
[TestFixture]
internal sealed unsafe class BootTests
{
    private static readonly PcOptions Short = new() { MaxInstructions = 1000 };

    private static IEnumerable<TestCaseData> Forms()
    {
        yield return new TestCaseData(TestImage.Elf32(Hello)).SetArgDisplayNames("ELF32");
        yield return new TestCaseData(TestImage.Elf64(Hello)).SetArgDisplayNames("ELF64");
        yield return new TestCaseData(TestImage.Addresses(Hello)).SetArgDisplayNames("addresses in the header");
        yield return new TestCaseData(TestImage.Addresses(Hello, 8000)).SetArgDisplayNames("addresses, header late");
    }

    [TestCaseSource(nameof(Forms))]
    public void Every_form_of_image_speaks_through_com1_and_ends_itself(byte[] file)
    {
        using BootRun run = new(file);
        Assert.That((run.Serial, run.End.Kind, run.End.Code), Is.EqualTo(("hello\n", PcEndKind.Exit, 7)));
    }

    [TestCase(0u, 1)]
    [TestCase(1u, 3)]
    [TestCase(0x10u, 33)]
    [TestCase(0x7Fu, 255)]
    [TestCase(0x80u, 1)]
    public void The_exit_code_is_twice_the_value_and_one(uint value, int code)
    {
        using BootRun run = BootRun.Of(emit => TestImage.Exit(emit, value));
        Assert.That((run.End.Kind, run.End.Code, run.Pc.Instructions), Is.EqualTo((PcEndKind.Exit, code, 2UL)));
    }

    [Test]
    public void The_entry_state_is_the_specifications()
    {
        using BootRun run = BootRun.Of(code => code.hlt());
        LogicalProcessor* lp = run.Lp;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(lp->Gpr[0], Is.EqualTo(0x2BADB002));
            Assert.That(lp->Cr0 & (Cr0Bit.Pe | Cr0Bit.Pg), Is.EqualTo(Cr0Bit.Pe));
            Assert.That(run.Pc.Cores[0].Rflags & (RflagsBit.If | RflagsBit.Vm), Is.Zero);
            Assert.That((lp->Cs.Base, lp->Cs.Limit, lp->Cs.AccessRights), Is.EqualTo((0UL, uint.MaxValue, 0xC09Bu)));
            foreach (Segment data in (Segment[])[lp->Ds, lp->Es, lp->Fs, lp->Gs, lp->Ss])
                Assert.That((data.Base, data.Limit, data.AccessRights), Is.EqualTo((0UL, uint.MaxValue, 0xC093u)));
        }
    }

    [Test]
    public void Hlt_with_interrupts_off_ends_the_run()
    {
        using BootRun run = BootRun.Of(code => code.hlt());
        Assert.That((run.End.Kind, run.End.Text), Is.EqualTo((PcEndKind.Halted, "HLT on LP 0 with interrupts off")));
    }

    [Test]
    public void Hlt_that_no_interrupt_will_end_ends_the_run()
    {
        using BootRun run = BootRun.Of(code =>
        {
            code.sti();
            code.hlt();
        });
        Assert.That(run.End.Text, Is.EqualTo("HLT on LP 0, and no interrupt is to come"));
    }

    [Test]
    public void A_fault_that_cannot_be_delivered_ends_the_run()
    {
        using BootRun run = BootRun.Of(code => code.ud2());
        Assert.That((run.End.Kind, run.End.Text), Is.EqualTo((PcEndKind.TripleFault, "triple fault on LP 0")));
    }

    [Test]
    public void The_instruction_limit_ends_the_run_to_the_instruction()
    {
        using BootRun run = BootRun.Of(Spin, Short);
        Assert.That((run.End.Kind, run.Pc.Instructions), Is.EqualTo((PcEndKind.Instructions, 1000UL)));
    }

    [Test]
    public void A_port_nobody_answers_reads_all_ones_and_swallows_writes()
    {
        using BootRun run = BootRun.Of(code =>
        {
            code.mov(eax, 0x12345678);
            code.@out(0x80, eax);
            code.@in(eax, 0x80);
            code.mov(ebx, eax);
            code.@in(al, 0x60);
            code.hlt();
        });
        Assert.That((run.Lp->Gpr[3], (byte)run.Lp->Gpr[0]), Is.EqualTo((0xFFFF_FFFFUL, (byte)0xFF)));
    }

    [Test]
    public void Memory_nobody_answers_reads_all_ones_and_swallows_writes()
    {
        using BootRun run = BootRun.Of(code =>
        {
            code.mov(__dword_ptr[0xA0000], 0);
            code.mov(eax, __dword_ptr[0xA0000]);
            code.mov(ebx, __dword_ptr[0xF8000000]);
            code.hlt();
        });
        Assert.That((run.Lp->Gpr[0], run.Lp->Gpr[3]), Is.EqualTo((0xFFFF_FFFFUL, 0xFFFF_FFFFUL)));
    }

    [Test]
    public void The_test_device_holds_what_is_written()
    {
        using BootRun run = BootRun.Of(code =>
        {
            code.mov(eax, 0x12345678);
            code.@out(0xE0, eax);
            code.mov(__dword_ptr[0xFF000FFE], eax);
            code.@in(al, 0xE2);
            code.movzx(ebx, al);
            code.mov(ecx, __dword_ptr[0xFF000FFE]);
            code.hlt();
        }, Short with { TestDevice = true });
        Assert.That((run.Lp->Gpr[3], run.Lp->Gpr[1]), Is.EqualTo((0x34UL, 0x12345678UL)));
    }

    [Test]
    public void A_device_takes_and_gives_more_than_eight_bytes_piece_by_piece()
    {
        using BootRun run = BootRun.Of(code =>
        {
            code.fninit();
            code.fxsave(__[0xFF000010]);
            code.mov(eax, __dword_ptr[0xFF000010]);
            code.mov(__dword_ptr[0xFF000010], 0x027F);
            code.fxrstor(__[0xFF000010]);
            code.fnstcw(__word_ptr[0x2000]);
            code.movzx(ebx, __word_ptr[0x2000]);
            code.hlt();
        }, Short with { TestDevice = true });
        Assert.That((run.Lp->Gpr[0], run.Lp->Gpr[3]), Is.EqualTo((0x37FUL, 0x27FUL)));
    }

    [Test]
    public void The_local_apic_timer_ends_hlt()
    {
        using BootRun run = BootRun.Of(code => TimerImage.Emit(code, handler => TestImage.Exit(handler, 20)));
        using (Assert.EnterMultipleScope())
        {
            Assert.That((run.End.Kind, run.End.Code), Is.EqualTo((PcEndKind.Exit, 41)));
            Assert.That(run.Pc.Cycles, Is.GreaterThan(TimerImage.Count).And.LessThan(1000 * TimerImage.Count));
            Assert.That(run.Pc.Instructions, Is.LessThan(100UL), "sleeping takes no instructions");
        }
    }

    [Test]
    public void Init_and_start_up_start_another_processor()
    {
        PcOptions two = Short with { Processors = 2 };
        using BootRun run = BootRun.Of(StartSecond, two);
        Assert.That((run.End.Kind, run.End.Lp, run.End.Code), Is.EqualTo((PcEndKind.Exit, 1, 11)));
    }

    [TestCase("functional")]
    [TestCase("interval")]
    public void The_same_seed_gives_the_same_run(string timing)
    {
        PcOptions two = Short with { Processors = 2, Costs = CostModels.Create(timing)!, Seed = 5 };
        using BootRun first = BootRun.Of(StartSecond, two), second = BootRun.Of(StartSecond, two);
        Assert.That((second.Pc.Cycles, second.Pc.Instructions), Is.EqualTo((first.Pc.Cycles, first.Pc.Instructions)));
        Assert.That(first.Pc.TimingModel, Does.StartWith(timing));
    }

    private static IEnumerable<TestCaseData> Images()
    {
        yield return Image("letters and an exit", Hello);
        yield return Image("a timer ends HLT", code => TimerImage.Emit(code, handler => TestImage.Exit(handler, 20)));
        yield return Image("a processor is started", StartSecond);
        yield return Image("the limit", Spin);
        yield return Image("a triple fault", code => code.ud2());
        yield return Image("named operations", code =>
        {
            code.rdtsc();
            code.cpuid();
            code.wbinvd();
            code.mov(eax, cr0);
            code.mov(cr0, eax);
            code.hlt();
        });

        static TestCaseData Image(string name, Action<Assembler> emit) => new TestCaseData(emit).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Images))]
    public void Worlds_sum_to_every_clock_and_causes_to_every_world(Action<Assembler> emit)
    {
        using BootRun run = BootRun.Of(emit, Short with { Processors = 2, Costs = CostModels.Create("interval")! });
        CycleAccount account = run.Pc.Account;
        using (Assert.EnterMultipleScope())
            foreach (Core core in run.Pc.Cores)
            {
                ulong sum = 0, instructions = 0;
                foreach (World world in Enum.GetValues<World>())
                {
                    Booked booked = account.Of(core.Index, world);
                    sum += booked.Cycles;
                    instructions += booked.Instructions;
                    Assert.That(Enum.GetValues<Cause>().Aggregate(
                        0UL, (causes, cause) => causes + account.Ledger!.Of(core.Index, world, cause)), Is.EqualTo(booked.Cycles));
                    Assert.That(account.Ledger!.TopDownOf(core.Index, world).Total, Is.EqualTo(booked.Cycles));
                }
                Assert.That((sum, instructions), Is.EqualTo((core.Lp->Cycles, core.Lp->Instructions)), $"LP {core.Index}");
            }
    }

    [Test]
    public void A_cancelled_run_ends()
    {
        using MemoryStream serial = new();
        using Pc pc = new(new PcOptions(), serial);
        Assert.That(pc.TryLoad(Loading.MultibootImage.Read(TestImage.Elf32(Spin), out _)!, "", [], out _));
        pc.Cancel();
        Assert.That(pc.Run().Kind, Is.EqualTo(PcEndKind.Cancelled));
    }

    private static void Hello(Assembler code)
    {
        TestImage.Print(code, "hello\n");
        TestImage.Exit(code, 3);
    }

    private static void Spin(Assembler code)
    {
        Label here = code.CreateLabel();
        code.Label(ref here);
        code.jmp(here);
    }

    /// <summary>Copies 16-bit code to 8000H, sends INIT and a start-up IPI through the xAPIC, and waits.</summary>
    private static void StartSecond(Assembler code)
    {
        const uint page = 0x8000, init = 0x000C4500, startUp = 0x000C4608; // all but self
        byte[] second = TestImage.Assemble(emit => TestImage.Exit(emit, 5), 0, 16);
        for (int i = 0; i < second.Length; i++)
            code.mov(__byte_ptr[page + i], second[i]);
        code.mov(__dword_ptr[0xFEE00300], init);
        code.mov(__dword_ptr[0xFEE00300], startUp);
        code.hlt();
    }
}

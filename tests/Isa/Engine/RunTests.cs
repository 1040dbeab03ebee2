using Iced.Intel;
using Seamsim.Isa;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Isa.Engine;

public sealed unsafe class RunTests
{
    [Test]
    public void A_run_ends_after_exactly_the_budget()
    {
        using EngineRig rig = new EngineRig().Load(SumAndStore);
        for (ulong n = 1; n < 40; n++)
        {
            Assert.That(rig.Run(1), Is.EqualTo(RunEnd.Budget));
            Assert.That(rig.Lp->Instructions, Is.EqualTo(n));
        }
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    [TestCase(17)]
    [TestCase(4095)]
    public void The_state_does_not_depend_on_how_a_run_is_sliced(int slice)
    {
        const long total = 20_000;
        using EngineRig whole = new EngineRig().Load(SumAndStore), sliced = new EngineRig().Load(SumAndStore);
        for (long at = 1000; at <= total; at += 1000 + slice)
        {
            whole.Run(at - (long)whole.Lp->Instructions);
            while ((long)sliced.Lp->Instructions < at)
                sliced.Run(Math.Min(slice, at - (long)sliced.Lp->Instructions));
            Assert.That(State(sliced), Is.EqualTo(State(whole)));
        }
    }

    [TestCase(1)]
    [TestCase(3)]
    [TestCase(17)]
    [TestCase(4095)]
    public void A_timed_event_comes_at_the_same_block_head_however_a_run_is_sliced(int slice)
    {
        OneEvent whole = new(4321), sliced = new(4321);
        using EngineRig first = new EngineRig().Load(SumAndStore), second = new EngineRig().Load(SumAndStore);
        (first.Core.Events, second.Core.Events) = (whole, sliced);
        first.Run(10_000);
        while (second.Lp->Instructions < 10_000)
            second.Run(slice);
        Assert.That(sliced.Came, Is.EqualTo(whole.Came));
        Assert.That(whole.Came!.Value.Cycles, Is.InRange(4321, 4400));
    }

    [Test]
    public void A_device_stops_a_run_behind_the_instruction_that_reached_it()
    {
        using EngineRig rig = new EngineRig().Load(a =>
        {
            a.@out(0x80, al);
            a.inc(rbx);
            a.hlt();
        });
        rig.Core.PortSpace.Add(0x80, 1, new Stopper());
        Assert.That((rig.Run(), rig.Lp->Rip, rig.Lp->Instructions),
            Is.EqualTo((RunEnd.Stopped, EngineRig.Code + 2, 1UL)));
        Assert.That((rig.Run(), rig.Lp->Gpr[3]), Is.EqualTo((RunEnd.Halted, 1UL)), "and it goes on from there");
    }

    [TestCase(1)]
    [TestCase(1000)]
    public void Exceptions_without_end_use_up_the_budget(int slice)
    {
        using EngineRig rig = new EngineRig().Load(0x90, 0x0F, 0x0B); // nop; ud2, which is its own handler too
        rig.SetGate(6, EngineRig.Code + 1, 0x8E, ist: 1);
        for (int ran = 0; ran < 3000; ran += slice)
            Assert.That(rig.Run(slice), Is.EqualTo(RunEnd.Budget));
        Assert.That(rig.Lp->Instructions, Is.EqualTo(3000), "the later ones of a row count as instructions");
        Assert.That((rig.Lp->Rip, rig.Lp->Gpr[4]), Is.EqualTo((EngineRig.Code + 1, EngineRig.Ist1 - 40)));
    }

    [Test]
    public void A_cycle_limit_stops_at_the_first_block_head_behind_it()
    {
        using EngineRig rig = new EngineRig().Load(a =>
        {
            Label loop = a.CreateLabel();
            a.Label(ref loop);
            a.inc(rax);
            a.jmp(loop);
        });
        Assert.That(rig.Core.Run(long.MaxValue / 2, 23), Is.EqualTo(RunEnd.Budget));
        // blocks of two instructions cost five cycles in the rig's model
        Assert.That((rig.Lp->Cycles, rig.Lp->Instructions, rig.Lp->Rip), Is.EqualTo((25UL, 10UL, EngineRig.Code)));
    }

    [Test]
    public void Code_that_changes_itself_runs_as_changed_at_once()
    {
        // mov byte [next+1], 7 ; next: mov al, 1 (becomes mov al, 7) ; hlt — all in one block
        using EngineRig rig = new EngineRig().Load(0xC6, 0x05, 0x01, 0, 0, 0, 7, 0xB0, 1, 0xF4);
        Assert.That(rig.Run(), Is.EqualTo(RunEnd.Halted));
        Assert.That(rig.Lp->Gpr[0], Is.EqualTo(7));
    }

    [Test]
    public void A_loop_that_patches_its_own_immediate_sees_every_value()
    {
        using EngineRig rig = new EngineRig().Load(a =>
        {
            Label loop = a.CreateLabel(), patch = a.CreateLabel();
            a.mov(ecx, 10);
            a.Label(ref loop);
            a.mov(__byte_ptr[patch], cl);
            a.db(0x04); // add al, imm8
            a.Label(ref patch);
            a.db(0x00);
            a.dec(ecx);
            a.jnz(loop);
            a.hlt();
        });
        Assert.That(rig.Run(), Is.EqualTo(RunEnd.Halted));
        Assert.That((byte)rig.Lp->Gpr[0], Is.EqualTo(55));
    }

    [Test]
    public void Code_the_processor_has_just_written_can_be_written_again()
    {
        using EngineRig rig = new EngineRig().Load(a =>
        {
            a.mov(rdi, EngineRig.Data); // a page the processor holds for writing when the code in it is met first
            a.mov(__dword_ptr[rdi], 0x01B0); // mov al, 1 ; ret, below
            a.mov(__byte_ptr[rdi + 2], 0xC3);
            a.call(rdi);
            a.mov(bl, al);
            a.mov(__byte_ptr[rdi + 1], 2); // mov al, 2
            a.call(rdi);
            a.mov(cl, al);
            a.mov(__byte_ptr[rdi + 1], 3);
            a.call(rdi);
            a.hlt();
        });
        Assert.That(rig.Run(), Is.EqualTo(RunEnd.Halted));
        Assert.That((rig.Lp->Gpr[3] & 0xFF, rig.Lp->Gpr[1] & 0xFF, rig.Lp->Gpr[0] & 0xFF), Is.EqualTo((1UL, 2UL, 3UL)));
    }

    [Test]
    public void Code_across_two_pages_that_the_processor_holds_for_writing_can_be_written_again()
    {
        using EngineRig rig = new EngineRig().Load(a =>
        {
            a.mov(rdi, EngineRig.Data + 0xFFF);
            a.mov(__word_ptr[rdi], 0x01B0); // mov al, 1, the immediate in the second page
            a.mov(__byte_ptr[rdi + 2], 0xC3);
            a.call(rdi);
            a.mov(bl, al);
            a.mov(__byte_ptr[rdi + 1], 2);
            a.call(rdi);
            a.mov(cl, al);
            a.mov(__byte_ptr[rdi], 0xB4); // mov ah, 2
            a.xor(eax, eax);
            a.call(rdi);
            a.hlt();
        });
        Assert.That(rig.Run(), Is.EqualTo(RunEnd.Halted));
        Assert.That((rig.Lp->Gpr[3] & 0xFF, rig.Lp->Gpr[1] & 0xFF, rig.Lp->Gpr[0]), Is.EqualTo((1UL, 2UL, 0x200UL)));
    }

    [Test]
    public void Another_processors_store_into_code_is_seen()
    {
        using EngineRig rig = new EngineRig().Load(0xB0, 1, 0xEB, 0xFC); // mov al,1 ; jmp back
        rig.Run(100);
        rig.LoadAt(EngineRig.Code + 1, 9); // through physical memory, as any other agent writes
        rig.Run(2);
        Assert.That((byte)rig.Lp->Gpr[0], Is.EqualTo(9));
    }

    [Test]
    public void An_instruction_across_two_pages_follows_both_mappings()
    {
        using EngineRig rig = new();
        rig.LoadAt(0x101FFE, 0xB8, 0x11); // mov eax, 0x44332211 begins two bytes before the page end
        rig.LoadAt(0x102000, 0x22, 0x33, 0x44, 0xF4);
        rig.LoadAt(0x300000, 0x66, 0x77, 0x88, 0xF4);
        rig.Lp->Rip = 0x101FFE;
        rig.Run();
        Assert.That(rig.Lp->Gpr[0], Is.EqualTo(0x44332211));
        rig.ChangePte(0x102000, 0x000FFFFFFFFFF000, 0x300000);
        rig.Core.FlushTlb();
        rig.Lp->Activity = ActivityState.Active;
        rig.Lp->Rip = 0x101FFE;
        rig.Run();
        Assert.That(rig.Lp->Gpr[0], Is.EqualTo(0x88776611));
    }

    [Test]
    public void A_repeated_store_that_faults_restarts_where_it_stopped()
    {
        using EngineRig rig = new EngineRig().Load(0xF3, 0x48, 0xAB, 0xF4); // rep stosq ; hlt
        rig.ChangePte(EngineRig.Data + 0x1000, 1); // second page not present
        rig.Lp->Gpr[0] = 0x1122334455667788;
        rig.Lp->Gpr[1] = 600;
        rig.Lp->Gpr[7] = EngineRig.Data;
        rig.Run();
        Assert.That(rig.StoppedAtVector, Is.EqualTo(14));
        Assert.That((rig.Lp->Gpr[1], rig.Lp->Gpr[7], rig.Lp->Cr2),
            Is.EqualTo((88UL, EngineRig.Data + 0x1000, EngineRig.Data + 0x1000)));
        Assert.That(rig.Read(rig.Lp->Gpr[4] + 8), Is.EqualTo(EngineRig.Code), "the saved RIP names the instruction");
        rig.ChangePte(EngineRig.Data + 0x1000, 0, 1);
        rig.Lp->Activity = ActivityState.Active;
        rig.Lp->Rip = EngineRig.Code;
        rig.Run();
        Assert.That((rig.Lp->Gpr[1], rig.Read(EngineRig.Data + (599 * 8))), Is.EqualTo((0UL, 0x1122334455667788UL)));
    }

    [Test]
    public void An_interrupt_shadow_lasts_one_instruction()
    {
        using EngineRig rig = new EngineRig().Load(0xFB, 0x90, 0x90, 0xF4); // sti ; nop ; nop ; hlt
        rig.Run(1);
        Assert.That(rig.Lp->InterruptShadow, Is.EqualTo(1));
        rig.Run(1);
        Assert.That(rig.Lp->InterruptShadow, Is.Zero);
    }

    [Test]
    public void An_unmodelled_instruction_is_undefined_and_named()
    {
        using EngineRig rig = new EngineRig().Load(0x0F, 0x01, 0xD7); // enclu
        rig.Run();
        Assert.That(rig.StoppedAtVector, Is.EqualTo(6));
        Assert.That(rig.Core.UnmodelledInstructions, Is.EqualTo(new[] { "enclu" }));
    }

    private static void SumAndStore(Assembler a)
    {
        Label outer = a.CreateLabel(), inner = a.CreateLabel();
        a.mov(rdi, EngineRig.Data);
        a.Label(ref outer);
        a.mov(ecx, 13);
        a.Label(ref inner);
        a.add(rax, rcx);
        a.adc(rdx, rax);
        a.mov(__[rdi + rcx * 8], rdx);
        a.imul(rbx, rax, 77);
        a.xor(rbx, __[rdi + rcx * 8]);
        a.rol(rbx, 3);
        a.push(rbx);
        a.pop(rsi);
        a.cmp(rsi, rax);
        a.cmovb(r8, rsi);
        a.setl(r9b);
        a.dec(ecx);
        a.jnz(inner);
        a.cld();
        a.jmp(outer);
    }

    private static string State(EngineRig rig)
    {
        System.Text.StringBuilder text = new();
        for (int i = 0; i < 16; i++)
            text.Append(rig.Lp->Gpr[i].ToString("x", null)).Append(' ');
        return text.Append(rig.Lp->Rip).Append(' ').Append(rig.Core.Rflags).Append(' ').Append(rig.Lp->Instructions)
            .Append(' ').Append(rig.Read(EngineRig.Data + 64)).ToString();
    }

    private sealed class OneEvent(ulong due) : IEventQueue
    {
        public (ulong Cycles, ulong Instructions, ulong Rip)? Came { get; private set; }

        public ulong NextDue(Core core) => Came is null ? due : ulong.MaxValue;

        public void Deliver(Core core, ulong cycles)
        {
            if (cycles >= due)
                Came ??= (cycles, core.Lp->Instructions, core.Lp->Rip);
        }
    }

    private sealed class Stopper : IPortDevice
    {
        public uint Read(Core core, ushort port, int bytes) => 0;

        public void Write(Core core, ushort port, int bytes, uint value) => core.RequestStop();
    }
}
